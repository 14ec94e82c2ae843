/* The malloc family is complete and consistent: each symbol comes from the allocator that malloc comes from. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "expect.h"
#include <dirent.h>
#include <dlfcn.h>

static const char *home_of(const char *symbol) {
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, symbol);
    if (address == NULL || dladdr(address, &info) == 0) return "nowhere";
    return info.dli_fname;
}

static void expect_same_home(const char *const *symbols) {
    const char *home = home_of("malloc");
    for (; *symbols != NULL; symbols++)
        if (strcmp(home_of(*symbols), home) != 0) {
            printf("malloc is from %s, %s from %s\n", home, *symbols, home_of(*symbols));
            expect(!"one home");
        }
}

CASE(c_symbols_have_one_home) {
    expect_same_home((const char *const[]){"malloc", "free", "calloc", "realloc", "posix_memalign", "aligned_alloc",
                                           "memalign", "valloc", "pvalloc", "malloc_usable_size", "malloc_trim",
                                           "mallopt", "mallinfo", "mallinfo2", "malloc_stats", "malloc_info", NULL});
}

CASE(c23_symbols_have_the_same_home) {
    expect_same_home((const char *const[]){"free_sized", "free_aligned_sized", NULL});
}

CASE(cxx_operators_have_the_same_home) {
    expect_same_home((const char *const[]){"_Znwm",
                                           "_Znam",
                                           "_ZnwmRKSt9nothrow_t",
                                           "_ZnamRKSt9nothrow_t",
                                           "_ZnwmSt11align_val_t",
                                           "_ZnamSt11align_val_t",
                                           "_ZnwmSt11align_val_tRKSt9nothrow_t",
                                           "_ZnamSt11align_val_tRKSt9nothrow_t",
                                           "_ZdlPv",
                                           "_ZdaPv",
                                           "_ZdlPvm",
                                           "_ZdaPvm",
                                           "_ZdlPvRKSt9nothrow_t",
                                           "_ZdaPvRKSt9nothrow_t",
                                           "_ZdlPvSt11align_val_t",
                                           "_ZdaPvSt11align_val_t",
                                           "_ZdlPvmSt11align_val_t",
                                           "_ZdaPvmSt11align_val_t",
                                           "_ZdlPvSt11align_val_tRKSt9nothrow_t",
                                           "_ZdaPvSt11align_val_tRKSt9nothrow_t",
                                           NULL});
}

/* Programs abort when mallopt fails, and read mallinfo to print it. */
CASE(tuning_and_figures_answer) {
    static const int options[] = {M_MXFAST,       M_TRIM_THRESHOLD, M_TOP_PAD,    M_MMAP_THRESHOLD, M_MMAP_MAX,
                                  M_CHECK_ACTION, M_PERTURB,        M_ARENA_TEST, M_ARENA_MAX};
    static const int values[] = {64, 128 << 10, 4096, 256 << 10, 65536, 3, 0, 1, 1};
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
        expect_at(i, options[i], 0);
        expect(mallopt(options[i], values[i]) == 1);
    }
    void *block = malloc(3 << 20);
    memset(block, 1, 3 << 20);
    struct mallinfo2 wide = mallinfo2();
    expect(wide.uordblks + wide.hblkhd + wide.arena < (size_t)1 << 40);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    struct mallinfo narrow = mallinfo();
#pragma GCC diagnostic pop
    expect(narrow.uordblks >= 0 && narrow.hblkhd >= 0);
    free(block);
    int trimmed = malloc_trim(0);
    expect(trimmed == 0 || trimmed == 1);
    expect(malloc_trim(1 << 20) == 0 || malloc_trim(SIZE_MAX) >= 0);
}

CASE(every_giver_takes_from_every_taker) {
    for (unsigned t = 0; t < TAKING_ENTRIES; t++)
        for (unsigned g = 0; g < GIVING_ENTRIES - 1; g++)
            for (size_t size = 1; size <= 1u << 20; size = size * 2 + 3) {
                expect_at(t, g, size);
                unsigned char *block = taking_entries[t].take(size);
                expect(block != NULL);
                memset(block, 0x11, size);
                if (giving_entries[g].give == give_free_sized && free_sized == NULL)
                    give_free(block, size);
                else if (giving_entries[g].give == give_free_sized && t >= ALIGNED_TAKING)
                    free_sized(block, malloc_usable_size(block)); /* an alignment may make any block larger */
                else
                    giving_entries[g].give(block, size);
            }
}

const char *heapalloc_version(void) __attribute__((weak));
static int is_hardened(void) {
    return heapalloc_version && strstr(heapalloc_version(), "hardened");
}

CASE(c23_frees_take_true_sizes) {
    expect(free_sized != NULL && free_aligned_sized != NULL);
    free_sized(NULL, 10);
    free_aligned_sized(NULL, 64, 10);
    for (size_t size = 1; size <= 1u << 20; size = size * 2 + 3)
        for (unsigned i = 0; i < 200; i++) {
            /* Classes lend each other blocks of twice their size; the hardened library knows what was asked for. */
            size_t less = is_hardened() ? 0 : size * i / (size <= 4096 ? 500 : 1000);
            free_sized(malloc(size), size);
            free_sized(malloc(size), size - less);
            free_aligned_sized(aligned_alloc(256, size), 256, size);
            free_aligned_sized(aligned_alloc(64, size), 64, size - less);
        }
    for (size_t size = 1; size <= 1u << 20; size = size * 2 + 3) {
        unsigned char *first = malloc(size), *second = malloc(size);
        memset(first, 1, size);
        memset(second, 2, size);
        expect(first[0] == 1 && first[size - 1] == 1);
        free(first);
        free(second);
    }
}

/* realloc may leave a block longer than asked for, or give it room to grow: its last size is true all the same. */
CASE(c23_frees_take_the_size_of_the_last_realloc) {
    static const size_t most[] = {600, 6000, 60000, 600000, 6000000};
    uint32_t random = 1;
    for (unsigned i = 0; i < 20000; i++) {
        char *block = NULL;
        size_t size = 0;
        for (unsigned step = 0; step < 1 + i % 7; step++) {
            random = random * 1664525u + 1013904223u;
            size = step && i % 3 == 0 ? size + size / (1 + random % 9) : 1 + random % most[i % 5];
            block = realloc(block, size);
            expect(block != NULL);
        }
        free_sized(block, size);
    }
}

/* Blocks that libc allocates internally are freed by this library. */
CASE(what_libc_allocates_can_be_freed) {
    char *line = NULL, *text = NULL, *stream_text = NULL;
    size_t room = 0, length = 0;
    struct dirent **names;
    free(strdup("some text"));
    free(strndup("some text", 4));
    free(getcwd(NULL, 0));
    free(realpath("/proc/self/exe", NULL));
    expect(asprintf(&text, "%080d", 5) == 80);
    free(text);
    FILE *stream = open_memstream(&stream_text, &length);
    for (int i = 0; i < 10000; i++) fprintf(stream, "%d\n", i);
    fclose(stream);
    stream = fmemopen(stream_text, length, "r");
    expect(getline(&line, &room, stream) == 2);
    fclose(stream);
    free(line);
    free(stream_text);
    int count = scandir("/proc/self", &names, NULL, alphasort);
    expect(count > 5);
    for (int i = 0; i < count; i++) free(names[i]);
    free(names);
}

CASE(reallocarray_works_through_libc) {
    unsigned *block = NULL;
    for (size_t count = 1; count < 1u << 20; count = count * 2 + 1) {
        block = reallocarray(block, count, sizeof *block);
        expect(block != NULL && malloc_usable_size(block) >= count * sizeof *block);
        block[count - 1] = (unsigned)count;
        expect(count == 1 || block[count / 2 - 1] == count / 2);
    }
    errno = 0;
    expect(reallocarray(block, hide_size(SIZE_MAX / 2), 4) == NULL && errno == ENOMEM);
    expect(block[0] == 1);
    free(block);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
