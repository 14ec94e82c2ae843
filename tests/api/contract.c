/* Prints the results of the malloc family in edge cases: tests/api/as_glibc.sh compares the lines with glibc's own. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const size_t sizes[] = {0, 1, 100, 100000, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 100, SIZE_MAX};
static const size_t aligns[] = {
    0, 1, 2, 3, 8, 16, 24, 32, 4096, 6000, 1u << 21, (size_t)1 << 62, ((size_t)1 << 62) + 1, (size_t)1 << 63, SIZE_MAX};
static volatile size_t wraps = SIZE_MAX / 2 + 2; /* the compiler knows calloc's limit, too */
enum { SIZES = sizeof sizes / sizeof sizes[0], ALIGNS = sizeof aligns / sizeof aligns[0] };

/* Print one line: whether there is a block, whether it is aligned and large enough, and errno. */
static void show(const char *what, size_t align, size_t size, void *block) {
    int error = errno;
    printf("%s %zx %zx: ", what, align, size);
    if (block)
        printf("block%s%s", align && (uintptr_t)block % align ? " unaligned" : "",
               malloc_usable_size(block) < size ? " short" : "");
    else
        printf("NULL");
    printf(" errno %d\n", error);
    free(block);
    errno = 0;
}

/* Resize a block of 5 bytes, and print whether the old block survives a failure. */
static void show_resized(const char *what, size_t count, size_t size) {
    char *block = memcpy(malloc(5), "kept", 5);
    errno = 0;
    char *after = size == 1 ? realloc(block, count) : reallocarray(block, count, size);
    int failed = after == NULL && errno != 0;
    if (failed) printf("%s: old block %s\n", what, strcmp(block, "kept") == 0 ? "whole" : "lost");
    show(what, 0, failed ? 0 : count * size, after);
    if (failed) free(block);
}

static void show_plain(void) {
    for (unsigned i = 0; i < SIZES; i++) {
        show("malloc", 0, sizes[i], malloc(sizes[i]));
        show("calloc", 0, sizes[i], calloc(1, sizes[i]));
        show("calloc of none", 0, 0, calloc(0, sizes[i]));
        show("realloc of NULL", 0, sizes[i], realloc(NULL, sizes[i]));
        show("reallocarray of NULL", 0, 0, reallocarray(NULL, sizes[i], 0));
        show("valloc", (size_t)sysconf(_SC_PAGESIZE), sizes[i], valloc(sizes[i]));
        show("pvalloc", (size_t)sysconf(_SC_PAGESIZE), sizes[i], pvalloc(sizes[i]));
        show_resized("realloc", sizes[i], 1);
        show_resized("reallocarray", sizes[i], 2 - (sizes[i] == 0));
    }
    show("calloc that wraps", 0, 0, calloc(wraps, 2));
    show_resized("reallocarray that wraps", wraps, 2);
    show_resized("reallocarray to nothing", 5, 0);
}

static void show_aligned(void) {
    void *const kept = &errno;
    for (unsigned a = 0; a < ALIGNS; a++)
        for (unsigned i = 0; i < SIZES; i++) {
            size_t power = aligns[a] & (aligns[a] - 1) ? 0 : aligns[a];
            void *block = kept;
            errno = 0;
            show("memalign", power, sizes[i], memalign(aligns[a], sizes[i]));
            if (power) show("aligned_alloc", power, sizes[i], aligned_alloc(aligns[a], sizes[i]));
            int code = posix_memalign(&block, aligns[a], sizes[i]);
            printf("posix_memalign %d%s\n", code, block == kept ? ", pointer left alone" : "");
            show("posix_memalign", power, sizes[i], block == kept ? NULL : block);
        }
}

static void show_questions(void) {
    static const int options[] = {M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX,
                                  M_CHECK_ACTION,   M_PERTURB, M_ARENA_TEST,     M_ARENA_MAX,
                                  M_NLBLKS,         M_GRAIN,   M_KEEP,           -100};
    for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++)
        printf("mallopt(%d) %d %d\n", options[i], mallopt(options[i], 1 << 16), mallopt(options[i], 1));
    printf("usable size of NULL: %zu\n", malloc_usable_size(NULL));
    int trimmed = malloc_trim(0), code = malloc_info(1, stderr);
    printf("malloc_trim 0 or 1: %d, malloc_info of an option %d\n", trimmed == 0 || trimmed == 1, code);
}

/* The elements of malloc_info, each once: what tools look for. */
static void show_info(void) {
    static const char *const wanted[] = {"<malloc version=\"1\">",
                                         "<heap nr=\"0\">",
                                         "<sizes>",
                                         "</sizes>",
                                         "</heap>",
                                         "<total type=\"fast\" count=\"",
                                         "<total type=\"rest\" count=\"",
                                         "<total type=\"mmap\" count=\"",
                                         "<system type=\"current\" size=\"",
                                         "<system type=\"max\" size=\"",
                                         "<aspace type=\"total\" size=\"",
                                         "<aspace type=\"mprotect\" size=\"",
                                         "</malloc>\n"};
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    printf("malloc_info %d\n", malloc_info(0, stream));
    fclose(stream);
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        printf("%s %s\n", wanted[i], strstr(text, wanted[i]) ? "is there" : "is missing");
    free(text);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    errno = 0;
    show_plain();
    show_aligned();
    show_questions();
    show_info();
    return 0;
}
