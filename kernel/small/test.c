/* The small heap on the host: a model with contents, every equation checked after every step.
 *
 *   small_test             all tests
 *   small_test MISUSE      ends by port_stop() with a sentence */
#include "small.h"
#include <heapalloc/heap.h>
#include <heapalloc/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAM_BYTES = 200000, BLOCKS = 400, STEPS = 60000 };

static char ram[RAM_BYTES], more[RAM_BYTES];
static struct {
    unsigned char *at;
    size_t size;
    unsigned char seed;
} blocks[BLOCKS];
static uint32_t state = 1;

/* The three functions of port.h that this heap asks for. */
uint64_t port_random(void) {
    return 4711;
}
bool port_on_stack(const void *p) {
    const char *here = __builtin_frame_address(0);
    return (const char *)p >= here && (const char *)p < here + 65536;
}
_Noreturn void port_stop(const char *text, size_t length) {
    fwrite(text, 1, length, stderr);
    exit(99);
}

#define EXPECT(x) ((x) ? (void)0 : failed(#x, __LINE__))
static _Noreturn void failed(const char *what, int line) {
    printf("test.c:%d: does not hold: %s (check: %s)\n", line, what, small_check());
    exit(1);
}

static uint32_t below(uint32_t bound) {
    state = state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)state * bound >> 32);
}

static size_t any_size(void) {
    return below(4) ? below(SLAB_MOST + 40) : below(1u << (4 + below(10)));
}

static bool is_inside(const void *p, size_t size, const char *memory) {
    return (const char *)p >= memory && (const char *)p + size <= memory + RAM_BYTES;
}

static void fill(int i, size_t size) {
    blocks[i].size = size;
    blocks[i].seed = (unsigned char)below(256);
    memset(blocks[i].at, blocks[i].seed, size);
}

static void expect_contents(int i, size_t size) {
    for (size_t at = 0; at < size; at++) EXPECT(blocks[i].at[at] == blocks[i].seed);
}

static void new_block(int i) {
    size_t size = any_size(), align = below(8) ? 16 : (size_t)16 << below(8);
    unsigned kind = below(3);
    blocks[i].at = align > 16 ? heap_alloc_aligned(size, align)
                   : kind     ? heap_alloc(size)
                              : heap_alloc_zeroed(size);
    if (!blocks[i].at) return;
    EXPECT((uintptr_t)blocks[i].at % align == 0);
    EXPECT(is_inside(blocks[i].at, size, ram) || is_inside(blocks[i].at, size, more));
    for (size_t at = 0; align == 16 && kind == 0 && at < size; at++) EXPECT(blocks[i].at[at] == 0);
    fill(i, size);
}

static void resize_block(int i) {
    size_t size = 1 + any_size(), kept = min_size(size, blocks[i].size);
    void *p = heap_realloc(blocks[i].at, size);
    if (!p) return;
    blocks[i].at = p;
    expect_contents(i, kept);
    fill(i, size);
}

static void step(void) {
    int i = (int)below(BLOCKS);
    if (!blocks[i].at) {
        new_block(i);
    } else {
        expect_contents(i, blocks[i].size);
        if (below(3)) {
            heap_free(blocks[i].at);
            blocks[i].at = NULL;
        } else {
            resize_block(i);
        }
    }
    const char *broken = small_check();
    EXPECT(broken == NULL);
}

static void free_all(void) {
    for (int i = 0; i < BLOCKS; i++) heap_free(blocks[i].at), blocks[i].at = NULL;
    for (int i = 1; i <= SLAB_CLASSES; i++) EXPECT(!small.slabs[i] || !small.slabs[i]->next);
}

/* Everything comes back: but for a slab of each size, kept for the next, a region is one block
 * again. */
static void expect_one_block(size_t regions) {
    struct small_stats stats;
    small_stats(&stats);
    EXPECT(small_check() == NULL && stats.slabs <= SLAB_CLASSES);
    EXPECT(stats.used_bytes == stats.slabs * (SLAB_BYTES + GRANULE_BYTES));
    EXPECT(stats.free_blocks <= regions + stats.slabs * 2);
    if (stats.slabs == 0) EXPECT(stats.free_blocks == regions);
}

/* To the last byte: what is refused is larger than the largest free block. */
static void use_up(void) {
    static void *all[RAM_BYTES / 16];
    size_t count = 0;
    struct small_stats stats;
    while ((all[count] = heap_alloc(200))) memset(all[count++], 1, 200);
    small_stats(&stats);
    EXPECT(stats.largest_bytes < 200 && count * 208 > RAM_BYTES * 9 / 10);
    EXPECT(small_check() == NULL);
    for (size_t i = 0; i < count; i += 2) heap_free(all[i]);
    EXPECT(heap_alloc(1000) == NULL && small_check() == NULL);
    for (size_t i = 1; i < count; i += 2) heap_free(all[i]);
    EXPECT(heap_realloc(NULL, SIZE_MAX) == NULL && heap_alloc(SIZE_MAX - 8) == NULL);
}

static void expect_seen(void *place, unsigned char flip, const char *name) {
    unsigned char *byte = place;
    *byte ^= flip;
    const char *broken = small_check();
    EXPECT(broken && strcmp(broken, name) == 0);
    *byte ^= flip;
    EXPECT(small_check() == NULL);
}

/* Each equation is broken on purpose, and named. */
static void see_damage(void) {
    char *one = heap_alloc(500), *two = heap_alloc(500), *three = heap_alloc(500),
         *small_one = heap_alloc(20);
    heap_free(two);
    expect_seen(&head_of(three)->left, 4, "left");
    expect_seen(&head_of(two)->word, USED, "index");
    tlsf_put(&small.index, node_of(head_of(one)), count_of(head_of(one)));
    head_of(one)->word ^= USED;
    EXPECT(strcmp(small_check(), "coalesced") == 0);
    head_of(one)->word ^= USED;
    tlsf_drop(&small.index, node_of(head_of(one)));
    expect_seen((char *)two + 8, 64, "index");
    if (config_slabs) expect_seen(&slab_of(small_one)->used, 1, "slab");
    expect_seen(&small.free_bytes, 16, "sums");
    heap_free(one), heap_free(three), heap_free(small_one);
}

static int misuse(const char *what) {
    char *p = heap_alloc(300), *q = heap_alloc(100), local[64];
    if (strcmp(what, "double") == 0) heap_free(p), heap_free(p);
    if (strcmp(what, "double-small") == 0) heap_free(q), heap_free(q);
    if (strcmp(what, "inside") == 0) memset(p, 0x41, 300), heap_free(p + 32);
    if (strcmp(what, "inside-small") == 0) heap_free(q + 16);
    if (strcmp(what, "overflow") == 0) memset(p, 0x41, 320), heap_free(p);
    if (strcmp(what, "foreign") == 0) heap_free(&state);
    if (strcmp(what, "stack") == 0) heap_free(local + 16);
    if (strcmp(what, "late-write") == 0) heap_free(q), q[3] ^= 1, heap_alloc(100);
    printf("%s was not noticed\n", what);
    return 1;
}

int main(int count, char **arguments) {
    EXPECT(heap_alloc(1) == NULL && !heap_init(ram, 200));
    EXPECT(heap_init(ram + 3, RAM_BYTES - 5) && !heap_init(more, RAM_BYTES));
    if (count > 1) return misuse(arguments[1]);
    see_damage();
    use_up();
    expect_one_block(1);
    EXPECT(!heap_add_region(ram + 5000, 5000) && heap_add_region(more, RAM_BYTES));
    for (int i = 0; i < STEPS; i++) step();
    free_all();
    expect_one_block(2);
    printf("small: PASS\n");
    return 0;
}
