/* What a world can know of its heap: figures, hooks, guards behind blocks, and memory that it takes back.
 *
 *   watched            in a build with hooks and guards, and in one without: there only requests that fail are told
 *   watched MISUSE     behind, resized: ends by port_stop() with a sentence, in a build with guards */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heap.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RAM_BYTES = 1 << 20, MORE_BYTES = 1 << 20, BLOCKS = 200, HELD_MOST = 4000 };

static char ram[RAM_BYTES], more[MORE_BYTES];
static const char *failure;

static void claim(bool holds, const char *what) {
    if (!holds && !failure) failure = what;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static struct told {
    size_t allocs, frees, failures, bytes;
    const void *caller;
} told;

static void on_alloc(void *context, void *p, size_t size, const void *caller) {
    struct told *all = context;
    claim(p != NULL, "a hook is told of nothing");
    all->allocs++, all->bytes += size, all->caller = caller;
}

static void on_free(void *context, void *p) {
    claim(p != NULL, "a hook is told of nothing");
    ((struct told *)context)->frees++;
}

static void on_failed(void *context, size_t size) {
    struct told *all = context;
    all->failures++, all->bytes = size;
}

/* True when this build has hooks, and guards. */
static bool is_watched(void) {
    struct heap_hooks hooks = {on_alloc, on_free, on_failed, &told};
    bool watched = heap_hook(&hooks);
    if (!watched) claim(heap_hook(&(struct heap_hooks){.failed = on_failed, .context = &told}), "no hook is called");
    return watched;
}

static void hooks(bool watched) {
    void *p[6] = {heap_alloc(100),           heap_alloc(9000),
                  heap_alloc_zeroed(300000), heap_alloc_aligned(500, 4096),
                  heap_realloc(NULL, 50),    heap_realloc_aligned(NULL, 70, 64)};
    claim(told.allocs == (watched ? 6 : 0) && told.bytes == (watched ? 309720 : 0), "blocks are not told");
    for (int i = 0; i < 6; i++) p[i] = i % 2 ? heap_realloc(p[i], 200) : heap_realloc_aligned(p[i], 200, 64);
    claim(told.allocs == (watched ? 12 : 0) && told.frees == told.allocs / 2, "resized blocks are not told");
    for (int i = 0; i < 6; i++) heap_free(p[i]);
    heap_free(NULL);
    claim(told.frees == told.allocs && told.failures == 0, "freed blocks are not told");
}

static void failures(void) {
    char *p = heap_alloc(5000);
    struct heap_figures figures;
    static const size_t huge = 3 << 20;
    claim(!heap_alloc(huge) && !heap_alloc_zeroed(huge) && !heap_alloc_aligned(huge, 64), "too much is served");
    claim(!heap_realloc(p, huge) && !heap_realloc_aligned(p, huge, 64) && !heap_alloc(SIZE_MAX), "too much is served");
    heap_figures(&figures);
    claim(told.failures == 6 && figures.failures == 6, "refused requests are not told, or not counted");
    heap_free(p);
    claim(!heap_alloc(huge - 1) && told.bytes == huge - 1, "another size is told");
}

/* ---- figures --------------------------------------------------------------------------------- */

static void marks(void) {
    struct heap_figures before, during, after;
    heap_trim_all();
    heap_figures(&before);
    void *p = heap_alloc(400000);
    heap_figures(&during);
    heap_free(p);
    heap_trim_all();
    heap_figures(&after);
    claim(during.peak_bytes >= during.used_bytes && during.least_bytes <= during.free_bytes, "a mark is not reached");
    claim(after.peak_bytes >= before.used_bytes + 400000 && after.least_bytes + 400000 <= before.free_bytes,
          "the marks do not stay");
    claim(after.peak_bytes + after.least_bytes == after.used_bytes + after.free_bytes, "they are of two moments");
}

/* ---- guards ---------------------------------------------------------------------------------- */

static struct { size_t blocks, bytes; } seen;

static void see(void *context, void *p, size_t size, const void *caller) {
    (void)context;
    claim(p != NULL && caller != NULL, "a block has no caller");
    seen.blocks++, seen.bytes += size;
}

/* Sizes of every kind; the largest are large blocks of the core's. */
static void guards(bool watched) {
    static unsigned char *p[BLOCKS];
    size_t blocks = 0, bytes = 0, size = 1;
    seen.blocks = seen.bytes = 0;
    for (; blocks < BLOCKS && (p[blocks] = heap_alloc(size)); blocks++, size = size * 13 / 12 + 1) {
        memset(p[blocks], 7, size);
        bytes += size;
        claim(watched ? heap_usable(p[blocks]) == size : heap_usable(p[blocks]) >= size, "a block has another size");
    }
    heap_each(see, NULL);
    claim(blocks > 80, "too few blocks are served");
    claim(seen.blocks == (watched ? blocks : 0) && seen.bytes == (watched ? bytes : 0), "other blocks are seen");
    for (size_t i = 0; i < blocks; i++) heap_free(p[i]);
    claim(!watched || p[40][30] == 0xdd, "a freed block is not overwritten");
    seen.blocks = 0;
    heap_each(see, NULL);
    claim(seen.blocks == 0, "freed blocks are seen");
}

/* ---- memory that is taken back --------------------------------------------------------------- */

static bool is_in_more(const void *p) {
    return (const char *)p >= more && (const char *)p < more + MORE_BYTES;
}

static void removal(void) {
    static void *held[HELD_MOST];
    struct heap_figures before, after;
    heap_trim_all();
    heap_figures(&before);
    for (int turn = 0; turn < 3; turn++) {
        int count = 0, in_more = 0;
        claim(heap_add_region(more, MORE_BYTES) && !heap_add_region(more, MORE_BYTES), "a region is not added");
        while (count < HELD_MOST && (held[count] = heap_alloc(turn == 0 ? 600 : turn == 1 ? 6000 : 50000)))
            in_more += is_in_more(held[count++]);
        claim(in_more > 5 && !heap_remove_region(more, MORE_BYTES), "what is in use is removed");
        for (int i = 0; i < count; i++) heap_free(held[i]);
        claim(!heap_remove_region(more, MORE_BYTES / 2 + 8), "half a region is removed");
        claim(!heap_remove_region(ram, 100), "tables are removed");
        claim(!heap_remove_region(more + 100, MORE_BYTES - 100), "what is no region is removed");
        claim(heap_remove_region(more, MORE_BYTES), "a region is not removed");
        claim(!heap_remove_region(more, MORE_BYTES), "a region is removed twice");
        memset(more, 0xff, MORE_BYTES);
        claim(heap_check() == NULL, "an equation does not hold");
    }
    void *p = heap_alloc(500);
    claim(p && !is_in_more(p), "what was removed is handed out");
    heap_free(p);
    heap_trim_all();
    heap_figures(&after);
    claim(after.free_bytes == before.free_bytes && after.table_bytes == before.table_bytes, "memory is lost");
}

static void commit(const char *what) {
    char *p = heap_alloc(50);
    p[50] = 1;
    if (strcmp(what, "behind") == 0) heap_free(p);
    if (strcmp(what, "resized") == 0) heap_realloc(p, 51);
    printf("watched: %s was not noticed\n", what);
}

int main(int count, char **arguments) {
    if (!heap_init(ram, RAM_BYTES)) return 1;
    if (count > 1) {
        commit(arguments[1]);
        return 1;
    }
    bool watched = is_watched();
    hooks(watched);
    failures();
    marks();
    guards(watched);
    removal();
    printf("watched: %s, %s\n", watched ? "hooks and guards" : "without", failure ? failure : "PASS");
    return failure != NULL;
}
