/* Shared by the heap's tests: patterns in blocks, and a heap at rest. */
/* SPDX-License-Identifier: MIT */
#include "heap_check.h"
#include "cores.h"
#include "kernel.h"
#include "kmalloc.h"

static uint64_t word_at(uint64_t seed, size_t i) {
    return (seed + i) * 0x9e3779b97f4a7c15;
}

void heap_check_fill(void *block, size_t size, uint64_t seed) {
    uint64_t *words = block;
    size_t count = size / 8;

    for (size_t i = 0; i < count; i++) words[i] = word_at(seed, i);
    for (size_t i = count * 8; i < size; i++) ((uint8_t *)block)[i] = (uint8_t)(seed + i);
}

bool heap_check_holds(const void *block, size_t size, uint64_t seed) {
    const uint64_t *words = block;
    size_t count = size / 8;

    for (size_t i = 0; i < count; i++)
        if (words[i] != word_at(seed, i)) return false;
    for (size_t i = count * 8; i < size; i++)
        if (((const uint8_t *)block)[i] != (uint8_t)(seed + i)) return false;
    return true;
}

bool heap_check_is_zero(const void *block, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)block)[i] != 0) return false;
    return true;
}

static void trim_one(void *index) {
    if (core_self()->index == *(const uint32_t *)index) kmalloc_trim();
}

/* One core after the other: a core must not miss memory that another holds meanwhile. */
static void trim_all(void) {
    for (uint32_t i = 0; i < core_count(); i++) cores_run(trim_one, &i);
}

/* Have each core allocate before anything is compared: its first allocation makes its heap, in a unit that is never
 * given back. */
static void touch(void *unused) {
    (void)unused;
    kfree(kmalloc(1));
    kmalloc_trim();
}

struct page_sums heap_check_settle(void) {
    static bool touched;
    if (!touched) cores_run(touch, NULL);
    touched = true;
    struct page_sums before, sums = page_sums();

    do {
        before = sums;
        trim_all();
        sums = page_sums();
    } while (sums.free_units != before.free_units);
    return sums;
}

bool heap_check_same(const struct page_sums *one, const struct page_sums *other) {
    return one->free_units == other->free_units && one->free_extents == other->free_extents &&
           one->largest_units == other->largest_units;
}

void *heap_check_take_all(void) {
    void *chain = NULL;
    size_t size = page_sums().largest_units * PAGE_UNIT_BYTES;

    while (size > 0) {
        void **block = kmalloc(size);
        if (block == NULL) {
            size -= (size + 7) / 8;
            continue;
        }
        *block = chain;
        chain = block;
    }
    return chain;
}

void heap_check_give(void *chain) {
    while (chain != NULL) {
        void *next = *(void **)chain;
        kfree(chain);
        chain = next;
    }
}

bool heap_check_is_small(void) {
    return ranges_bytes(&memory.free) < 16 << 20;
}
