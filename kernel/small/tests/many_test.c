/* Several small heaps: attributes, removal, hooks, figures, guards; and sufficient RAM. */
/* SPDX-License-Identifier: MIT */
#include "small_test.h"
#include <heapalloc/small.h>
#include <string.h>

enum { PART_BYTES = 40000, FAST = 1, DMA = 2, KEEP = 200, TURNS = 20000 };

static char one_ram[PART_BYTES], two_ram[PART_BYTES], three_ram[PART_BYTES];
static uint32_t state = 7;

static uint32_t below(uint32_t bound) {
    state = state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)state * bound >> 32);
}

static bool is_in(const void *p, const char *memory) {
    return (const char *)p >= memory && (const char *)p < memory + PART_BYTES;
}

KTEST(small, heaps_are_independent) {
    struct heapalloc_small *one = heapalloc_small_create(one_ram + 1, PART_BYTES - 1, 0),
                           *two = heapalloc_small_create(two_ram, PART_BYTES, 0);
    require(one && two && !heapalloc_small_create(three_ram, 300, 0));
    void *blocks[2] = {heapalloc_small_alloc(one, 100), heapalloc_small_alloc(two, 300)};
    expect(is_in(blocks[0], one_ram) && is_in(blocks[1], two_ram));
    while (heapalloc_small_alloc(one, 500)) {
    }
    expect(heapalloc_small_figures(one).failures == 1 && heapalloc_small_figures(two).failures == 0);
    void *more = heapalloc_small_alloc(two, 5000);
    expect(more && !heapalloc_small_check(one) && !heapalloc_small_check(two));
    expect(heapalloc_small_figures(one).least_bytes < 1500 && heapalloc_small_figures(two).least_bytes > 20000);
    heapalloc_small_free(two, more), heapalloc_small_free(two, blocks[1]);
    expect(heapalloc_small_figures(two).peak_bytes >= 5300);
    expect(heapalloc_small_figures(two).used_bytes == 0);
}

KTEST(small, attributes_say_where) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    require(heap && heapalloc_small_add_region(heap, two_ram, PART_BYTES, FAST));
    expect(!heapalloc_small_add_region(heap, two_ram + 100, 9000, DMA));
    expect(heapalloc_small_add_region(heap, three_ram, PART_BYTES, FAST | DMA));
    expect(is_in(heapalloc_small_alloc_from(heap, 1000, 16, DMA, false), three_ram));
    expect(!heapalloc_small_alloc_from(heap, 10, 16, 4, false) && heapalloc_small_alloc_from(heap, 10, 16, 4, true));
    while (heapalloc_small_alloc_from(heap, 3000, 64, DMA, false)) {
    }
    void *fallen = heapalloc_small_alloc_from(heap, 3000, 64, DMA, true);
    expect(fallen && !is_in(fallen, three_ram) && (uintptr_t)fallen % 64 == 0);
    expect(is_in(heapalloc_small_alloc_from(heap, 9000, 16, FAST, false), two_ram));
    expect(!heapalloc_small_alloc_from(heap, 9, 0, 0, true) && !heapalloc_small_alloc_from(heap, 9, 24, 0, true));
    expect(heap_alloc_aligned(9, 0) == NULL);
    expect(heapalloc_small_check(heap) == NULL);
}

KTEST(small, region_goes_when_nothing_in_it_is_used) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    size_t before = heapalloc_small_figures(heap).free_bytes;
    require(heapalloc_small_add_region(heap, two_ram, PART_BYTES, 0));
    void *kept[2000];
    int count = 0;
    while (count < 2000 && (kept[count] = heapalloc_small_alloc(heap, count % 2 ? 60 : 200))) count++;
    expect(!heapalloc_small_remove_region(heap, two_ram) && !heapalloc_small_remove_region(heap, three_ram));
    for (int i = 0; i < count; i++) heapalloc_small_free(heap, kept[i]);
    expect(heapalloc_small_remove_region(heap, two_ram) && !heapalloc_small_remove_region(heap, two_ram));
    expect(heapalloc_small_figures(heap).free_bytes == before && !heapalloc_small_check(heap));
    memset(two_ram, 0xff, PART_BYTES);
    while (heapalloc_small_alloc(heap, 100)) {
    }
    expect(heapalloc_small_check(heap) == NULL);
}

static size_t calls[3], told_bytes;

static void count_alloc(void *context, void *p, size_t size) {
    calls[0] += p && size && context == calls;
    told_bytes = size;
}
static void count_free(void *context, void *p) {
    calls[1] += p && context == calls;
}
static void count_failed(void *context, size_t size) {
    calls[2] += size && context == calls;
}

KTEST(small, hooks_are_called) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    struct heapalloc_small_hooks hooks = {count_alloc, count_free, count_failed, calls};
    heapalloc_small_hook(heap, &hooks);
    memset(calls, 0, sizeof calls);
    void *p = heapalloc_small_realloc(heap, heapalloc_small_alloc(heap, 1000), 2000, 16);
    expect(p && heapalloc_small_usable(heap, p) >= 2000 && !heapalloc_small_alloc(heap, PART_BYTES));
    heapalloc_small_free(heap, p);
    expect(calls[0] == 2 && calls[1] == 2 && calls[2] == 1 && told_bytes == 2000);
}

static size_t seen;
static const void *seen_caller;
static void look(void *context, void *p, size_t size, const void *caller) {
    seen += size;
    if (p == context) seen_caller = caller;
}

KTEST(small, blocks_in_use_are_seen_with_their_callers) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    void *big = heapalloc_small_alloc(heap, 700), *little = heapalloc_small_alloc(heap, 20);
    heapalloc_small_free(heap, heapalloc_small_alloc(heap, 30));
    seen = 0, seen_caller = NULL;
    heapalloc_small_each(heap, look, little);
    bool guarded = heapalloc_small_usable(heap, big) == 700;
    expect(guarded ? seen == 720 && seen_caller != NULL : seen == 0);
}

/* Blocks of any size up to the largest, never more at a time than announced: none is refused. */
KTEST(small, enough_is_enough_for_ever) {
    enum { BLOCKS = 20, LARGEST = 900, LIVE = 6000 };
    static char memory[RAM_BYTES];
    static void *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    size_t enough = heapalloc_small_enough(LIVE, BLOCKS, LARGEST), live = 0;
    expect(enough < RAM_BYTES && heapalloc_small_least(LIVE, LARGEST) < enough);
    expect(heapalloc_small_enough(SIZE_MAX / 2, SIZE_MAX / 2, 100) == SIZE_MAX);
    expect(heapalloc_small_enough(1, SIZE_MAX, 16) == SIZE_MAX &&
           heapalloc_small_enough(1, SIZE_MAX / 16, 16) == SIZE_MAX);
    expect(heapalloc_small_enough(1, 1, SIZE_MAX) == SIZE_MAX &&
           heapalloc_small_enough(1, 1, SIZE_MAX / 2) == SIZE_MAX);
    expect(heapalloc_small_least(SIZE_MAX, SIZE_MAX / 2) == SIZE_MAX && heapalloc_small_least(100, 200) == 100);
    struct heapalloc_small *heap = heapalloc_small_create(memory, enough, 0);
    require(heap != NULL);
    for (int turn = 0; turn < TURNS; turn++) {
        uint32_t i = below(BLOCKS), size = SLAB_MOST + 1 + below(LARGEST - SLAB_MOST);
        heapalloc_small_free(heap, blocks[i]);
        live -= sizes[i], blocks[i] = NULL, sizes[i] = 0;
        if (live + size > LIVE) continue;
        require((blocks[i] = heapalloc_small_alloc(heap, size)) != NULL);
        live += sizes[i] = size;
    }
    expect(heapalloc_small_check(heap) == NULL);
}

/* Contents stay wherever a block moves, with and without guards, over two parts. */
KTEST(small, aligned_realloc_keeps_contents) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    require(heap && heapalloc_small_add_region(heap, two_ram, PART_BYTES, FAST));
    static unsigned char *blocks[KEEP];
    static size_t sizes[KEEP];
    memset(blocks, 0, sizeof blocks);
    for (int turn = 0; turn < TURNS; turn++) {
        uint32_t i = below(KEEP);
        size_t size = 1 + below(600), align = (size_t)16 << below(4), kept = min_size(size, sizes[i]);
        for (size_t at = 0; blocks[i] && at < sizes[i]; at++) require(blocks[i][at] == (unsigned char)i);
        unsigned char *p = below(3) ? heapalloc_small_realloc(heap, blocks[i], size, align) : NULL;
        if (p) {
            require((uintptr_t)p % align == 0);
            for (size_t at = 0; blocks[i] && at < kept; at++) require(p[at] == (unsigned char)i);
            memset(p, (int)i, size);
            blocks[i] = p, sizes[i] = size;
        } else {
            heapalloc_small_free(heap, blocks[i]);
            blocks[i] = NULL, sizes[i] = 0;
        }
        if (turn % 64 == 0) require(heapalloc_small_check(heap) == NULL);
    }
    for (int i = 0; i < KEEP; i++) heapalloc_small_free(heap, blocks[i]);
    expect(heapalloc_small_check(heap) == NULL);
}

KTEST(misuse, writes_behind_a_guarded_block) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    char *p = heapalloc_small_alloc(heap, 50);
    p[50] = 1;
    heapalloc_small_free(heap, p);
}

static struct heapalloc_small *a_heap(void) {
    return heapalloc_small_create(one_ram, PART_BYTES, 0);
}
KTEST(misuse, asks_the_size_of_another_heaps_block) {
    struct heapalloc_small *other = heapalloc_small_create(two_ram, PART_BYTES, 0);
    heapalloc_small_usable(a_heap(), heapalloc_small_alloc(other, 300));
}
KTEST(misuse, resizes_another_heaps_block) {
    struct heapalloc_small *other = heapalloc_small_create(two_ram, PART_BYTES, 0);
    heapalloc_small_realloc(a_heap(), heapalloc_small_alloc(other, 300), 600, 16);
}

KTEST(misuse, frees_twice_in_one_of_several_heaps) {
    struct heapalloc_small *heap = heapalloc_small_create(one_ram, PART_BYTES, 0);
    char *p = heapalloc_small_alloc(heap, 500);
    heapalloc_small_free(heap, p);
    heapalloc_small_free(heap, p);
}
