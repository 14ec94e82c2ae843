/* mallinfo, malloc_stats and malloc_info report true figures: known allocations change them by their sizes. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <limits.h>
#include <malloc.h>
#include <sys/mman.h>
#include <time.h>

enum { MIB = 1 << 20, BLOCKS_MAX = 20000, ZONED = 8 };
static void *blocks[BLOCKS_MAX];

/* Blocks of `size`, each of which takes `taken` bytes; the slack is the rest of a slab or run, and blocks in a bin.
 */
static void expect_counted(unsigned count, size_t size, size_t taken, size_t slack) {
    struct mallinfo2 before = mallinfo2();
    expect_at(size, count, before.uordblks);
    for (unsigned i = 0; i < count; i++) expect((blocks[i] = malloc(size)) != NULL);
    struct mallinfo2 full = mallinfo2();
    size_t more = full.uordblks - before.uordblks;
    expect(more >= count * taken && more <= count * taken + slack);
    expect(full.arena >= full.uordblks + full.fordblks / 2);
    for (unsigned i = 0; i < count; i++) free(blocks[i]);
    struct mallinfo2 after = mallinfo2();
    expect(after.uordblks <= before.uordblks + slack);
    expect(after.fordblks + slack >= full.fordblks + count * taken);
}

CASE(small_blocks_are_counted) {
    expect_counted(BLOCKS_MAX, 100, 112, 128 << 10);
}

CASE(medium_blocks_are_counted) {
    expect_counted(200, 50000, 49 << 10, 256 << 10);
}

CASE(large_blocks_are_counted) {
    expect_counted(50, MIB, MIB, 2 * MIB);
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
CASE(narrow_figures_are_the_wide_ones_or_their_limit) {
    void *block = malloc(MIB);
    expect(block != NULL);
    struct mallinfo2 wide = mallinfo2();
    struct mallinfo narrow = mallinfo();
    expect((size_t)narrow.uordblks == wide.uordblks && (size_t)narrow.arena == wide.arena);
    expect((size_t)narrow.fordblks == wide.fordblks && wide.uordblks >= MIB);
    void *huge = malloc((size_t)3 << 30);
    expect(huge != NULL);
    narrow = mallinfo();
    expect(narrow.uordblks == INT_MAX && narrow.arena == INT_MAX);
    free(huge);
    free(block);
}

/* The output of malloc_stats() to a stream in place of stderr; returns what mallinfo2() says just before. */
static size_t read_stats(char *text, size_t room) {
    FILE *saved = stderr;
    stderr = fmemopen(text, room, "w");
    expect(stderr != NULL);
    size_t used = mallinfo2().uordblks;
    malloc_stats(); /* the stream's buffer comes after the figures are read */
    expect(fclose(stderr) == 0 && text[0] != 0);
    stderr = saved;
    return used;
}

static size_t figure(const char *text, const char *name) {
    const char *at = strstr(text, name);
    expect(at != NULL);
    return strtoull(at + strlen(name) + strspn(at + strlen(name), " =\"size"), NULL, 10);
}

CASE(stats_tell_what_is_in_use) {
    char text[4096];
    void *block = malloc(40 * MIB);
    expect(block != NULL);
    size_t with = read_stats(text, sizeof text);
    expect(strncmp(text, "Arena 0:\n", 9) == 0 && strstr(text, "\nTotal (incl. mmap):\n") != NULL);
    size_t used = figure(text, "in use bytes");
    expect(used == with && used >= 40 * MIB && figure(text, "system bytes") >= used);
    expect(figure(text, "thread heaps") == 1);
    free(block);
    read_stats(text, sizeof text);
    expect(figure(text, "in use bytes") <= used - 40 * MIB + 65536);
}

/* Output goes to the stream, not to its original file: a reopened one is buffered. */
CASE(stats_follow_stderr_wherever_it_goes) {
    char text[4096] = "", path[64];
    int memory = memfd_create("stats", 0);
    expect(memory >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    expect(freopen(path, "w", stderr) == stderr);
    malloc_stats();
    expect(pread(memory, text, sizeof text, 0) == 0);
    expect(fflush(stderr) == 0 && pread(memory, text, sizeof text - 1, 0) > 0);
    expect(strncmp(text, "Arena 0:\n", 9) == 0 && strstr(text, "in use bytes") != NULL);
}

/* Every element is closed, in the right order; there is one outermost. */
static void expect_well_formed(const char *text) {
    char open[8][32];
    unsigned depth = 0, outermost = 0;
    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++) {
        const char *end = strchr(at, '>');
        expect(end != NULL && memchr(at + 1, '<', (size_t)(end - at - 1)) == NULL);
        size_t length = strcspn(at + 1, " />");
        if (at[1] == '/') {
            length = strcspn(at + 2, " >");
            expect(depth > 0 && strlen(open[depth - 1]) == length);
            expect(strncmp(open[--depth], at + 2, length) == 0);
        } else if (end[-1] != '/') {
            outermost += depth == 0;
            expect(depth < 8 && length < 32);
            snprintf(open[depth++], 32, "%.*s", (int)length, at + 1);
        }
        unsigned quotes = 0;
        for (const char *c = at; c < end; c++) quotes += *c == '"';
        expect(quotes % 2 == 0);
    }
    expect(depth == 0 && outermost == 1);
}

CASE(info_is_well_formed_and_true) {
    char *text = NULL;
    size_t length = 0;
    void *held = malloc(30 * MIB);
    free(malloc(20 * MIB));
    FILE *stream = open_memstream(&text, &length);
    expect(stream != NULL && held != NULL);
    expect(malloc_info(0, stream) == 0);
    struct mallinfo2 info = mallinfo2();
    expect(fclose(stream) == 0 && strncmp(text, "<malloc version=\"1\">", 20) == 0);
    expect_well_formed(text);
    size_t system = figure(text, "<system type=\"current\"");
    expect(system == info.arena && system >= 50 * MIB);
    const char *rest = strstr(text, "<total type=\"rest\"");
    size_t spare = figure(rest, "\" size") + info.fsmblks;
    expect_at(spare, info.fordblks, 0);
    expect(spare >= 19 * MIB && spare + 64 * 1024 >= info.fordblks && spare <= info.fordblks + 64 * 1024);
    free(held);
    free(text);
}

/* malloc_info() as text; the caller frees it. */
static char *info_text(void) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    expect(stream != NULL && malloc_info(0, stream) == 0 && fclose(stream) == 0);
    return text;
}

/* The number of free blocks of up to `to` bytes in a heap's sizes; they have `total` bytes. */
static size_t free_blocks_of(const char *text, size_t to, size_t *total) {
    char mark[32];
    snprintf(mark, sizeof mark, " to=\"%zu\"", to);
    const char *at = strstr(text, mark);
    *total = 0;
    if (!at || at > strstr(text, "</sizes>")) return 0;
    *total = figure(at, "total=\"");
    return figure(at, "count=\"");
}

CASE(info_tells_free_blocks_by_size) {
    static const size_t sizes[] = {32, 112, 512, 1024, 4096};
    for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t size = sizes[s], total, some = 3000;
        for (unsigned i = 0; i < some; i++) expect((blocks[i] = malloc(size)) != NULL);
        char *text = info_text();
        size_t before = free_blocks_of(text, size, &total);
        expect(total == before * size);
        free(text);
        for (unsigned i = 0; i < some; i += 2) free(blocks[i]);
        text = info_text();
        size_t after = free_blocks_of(text, size, &total);
        expect_at(size, before, after);
        /* Those of the current slab are in the bin, and count as used; the first ones lie between red zones. */
        expect(total == after * size && after + 16384 / size + ZONED / 2 >= before + some / 2);
        free(text);
        for (unsigned i = 1; i < some; i += 2) free(blocks[i]);
    }
}

/* The sum of the sizes is in the totals, and those are in mallinfo2(). */
CASE(info_adds_up) {
    for (unsigned i = 0; i < 5000; i++) expect((blocks[i] = malloc(i * 37 % 90000 + 1)) != NULL);
    for (unsigned i = 0; i < 5000; i += 3) free(blocks[i]);
    char *text = info_text();
    struct mallinfo2 info = mallinfo2();
    size_t bytes = 0, count = 0, last = 0;
    const char *end = strstr(text, "</sizes>");
    for (const char *at = text; (at = strstr(at, "<size ")) != NULL && at < end; at++) {
        size_t from = figure(at, "from=\""), to = figure(at, "to=\"");
        expect(from <= to && figure(at, "count=\"") > 0);
        expect(figure(at, "total=\"") >= from * figure(at, "count=\"") && from > 0);
        bytes += figure(at, "total=\"");
        count += figure(at, "count=\"");
        last = to;
    }
    const char *fast = strstr(text, "<total type=\"fast\""), *rest = strstr(text, "<total type=\"rest\"");
    expect(last > 4096 && count == figure(fast, "count=\"") + figure(rest, "count=\""));
    size_t all = figure(fast, "\" size") + figure(rest, "\" size");
    expect_at(bytes, all, info.fordblks);
    /* The rest are the ends of slabs, into which no block fits, and memory that was never handed out. */
    expect(bytes <= all && all <= info.fordblks + 65536 && info.fsmblks <= info.fordblks);
    free(text);
}

CASE(maximum_stays_when_memory_goes) {
    struct mallinfo2 before = mallinfo2();
    void *block = malloc(600 * MIB);
    expect(block != NULL);
    struct mallinfo2 full = mallinfo2();
    expect(full.arena >= before.arena + 600 * MIB && full.usmblks >= full.arena);
    free(block);
    malloc_trim(0);
    struct mallinfo2 after = mallinfo2();
    expect(after.usmblks >= full.arena && after.usmblks >= after.arena);
    char *text = info_text();
    expect(figure(text, "<system type=\"max\"") >= full.arena);
    free(text);
}

static size_t resident_kib(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    expect(file != NULL && fscanf(file, "%ld %ld", &pages, &resident) == 2);
    fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Small blocks, whose slow paths read the clock. */
static void use_for(unsigned ms) {
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        for (unsigned i = 0; i < 1000; i++) expect((blocks[i] = malloc(100)) != NULL);
        for (unsigned i = 0; i < 1000; i++) free(blocks[i]);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 < (long)ms);
}

static void touch_and_free(void) {
    void *block = malloc(60 * MIB);
    expect(block != NULL);
    free(memset(block, 1, 60 * MIB));
}

/* A negative threshold turns trimming off; malloc_trim() still works. */
CASE(mallopt_keeps_free_memory) {
    expect(mallopt(M_TRIM_THRESHOLD, -1) == 1);
    size_t before = resident_kib();
    touch_and_free();
    use_for(1500);
    expect(resident_kib() > before + 50 * 1024);
    malloc_trim(0);
    expect(resident_kib() < before + 10 * 1024);
}

CASE(mallopt_gives_back_soon_and_at_once) {
    expect(mallopt(-100, 0) == 1);
    size_t before = resident_kib();
    touch_and_free();
    for (unsigned i = 0; i < 50 && resident_kib() > before + 10 * 1024; i++) use_for(100);
    expect(resident_kib() < before + 10 * 1024);
    expect(mallopt(M_TRIM_THRESHOLD, -1) == 1);
    touch_and_free();
    expect(resident_kib() > before + 50 * 1024);
    expect(mallopt(-101, 0) == 1);
    expect(resident_kib() < before + 10 * 1024);
}

CASE(info_tells_failures) {
    expect(malloc_info(1, stderr) == EINVAL);
    FILE *full = fopen("/dev/full", "w");
    expect(full != NULL);
    setvbuf(full, NULL, _IONBF, 0);
    expect(malloc_info(0, full) != 0);
    fclose(full);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
