/* The heap on one core: against a model, at every alignment, to the last byte, fragmented and merged again. */
/* SPDX-License-Identifier: MIT */
#include "heap_check.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"

/* ---- model ----------------------------------------------------------------------------------- */

enum { BLOCKS = 96, SIZE_BITS = 17, VERIFY_UNITS = 8192, VERIFY_RARELY = 64 };

static struct block_model {
    void *at;
    size_t size;
    uint64_t seed;
} blocks[BLOCKS];

static size_t random_size(struct random *random) {
    return 1 + random_below(random, (uint64_t)1 << random_below(random, SIZE_BITS + 1));
}

static bool is_aligned(const void *p, size_t align) {
    return (uintptr_t)p % align == 0;
}

static void *allocate(struct random *random, size_t size) {
    size_t align = (size_t)16 << random_below(random, 10);
    void *p;

    switch (random_below(random, 4)) {
    case 0:
        p = kzalloc(size);
        expect(p == NULL || heap_check_is_zero(p, size));
        break;
    case 1:
        p = kmalloc_aligned(size, align);
        expect(is_aligned(p, align));
        break;
    default: p = kmalloc(size);
    }
    return p;
}

static bool overlaps_another(const struct block_model *block) {
    for (const struct block_model *other = blocks; other < blocks + BLOCKS; other++)
        if (other != block && other->at != NULL && (char *)other->at < (char *)block->at + block->size &&
            (char *)block->at < (char *)other->at + other->size)
            return true;
    return false;
}

static bool resize(struct block_model *block, size_t size) {
    size_t kept = size < block->size ? size : block->size;
    void *p = krealloc(block->at, size);

    if (p == NULL) return false;
    block->at = p;
    return expect(is_aligned(p, 16)) && expect(heap_check_holds(p, kept & ~(size_t)7, block->seed));
}

/* One step: a free slot gets a block, a taken one loses or resizes it. */
static bool step(struct random *random) {
    struct block_model *block = &blocks[random_below(random, BLOCKS)];
    size_t size = random_size(random);

    if (block->at == NULL) {
        block->at = allocate(random, size);
    } else {
        if (!expect(heap_check_holds(block->at, block->size, block->seed))) return false;
        if (random_below(random, 3) > 0) {
            kfree(block->at);
            block->at = NULL;
            return true;
        }
        if (!resize(block, size)) return false;
    }
    if (!expect(block->at != NULL) || !expect(is_aligned(block->at, 16))) return false;
    block->size = size;
    block->seed = random_next(random);
    heap_check_fill(block->at, size, block->seed);
    return expect(!overlaps_another(block));
}

KTEST(heap, model_agrees_and_verifier_holds_after_every_step) {
    struct page_sums before = heap_check_settle();
    struct random random = random_seeded(40);
    uint64_t stride = before.units <= VERIFY_UNITS ? 1 : VERIFY_RARELY; /* it walks the whole table */

    for (uint64_t i = 0; i < options.iters; i++) {
        require(step(&random));
        if (i % stride == 0) require(kmalloc_verify() == NULL);
    }
    for (struct block_model *block = blocks; block < blocks + BLOCKS; block++) {
        if (block->at != NULL) expect(heap_check_holds(block->at, block->size, block->seed));
        kfree(block->at);
        block->at = NULL;
    }
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
    expect(kmalloc_verify() == NULL);
}

/* ---- alignment, sizes, nothing --------------------------------------------------------------- */

static void try_aligned(size_t size, size_t align) {
    void *p = kmalloc_aligned(size, align);

    require(p != NULL);
    expect(is_aligned(p, align));
    heap_check_fill(p, size, align);
    void *q = krealloc(p, size + size / 2 + 1);
    expect(q != NULL && is_aligned(q, 16) && heap_check_holds(q, size & ~(size_t)7, align));
    kfree(q);
}

KTEST(heap, every_alignment_up_to_a_megabyte) {
    for (size_t align = 16; align <= 1 << 20; align *= 2) {
        try_aligned(1, align);
        try_aligned(align / 2 + 1, align);
        try_aligned(align, align);
        try_aligned(align + 5, align);
    }
    expect(kmalloc_aligned(16, 0) == NULL && kmalloc_aligned(16, 24) == NULL);
    expect(kmalloc_verify() == NULL);
}

KTEST(heap, odd_requests_are_served_or_refused) {
    void *empty = kmalloc(0), *other = kmalloc(0);

    expect(empty != NULL && other != NULL && empty != other);
    expect(krealloc(empty, 0) == NULL);
    kfree(other);
    kfree(NULL);
    expect(kmalloc(SIZE_MAX) == NULL && kzalloc(SIZE_MAX / 2) == NULL);
    expect(kmalloc_aligned(SIZE_MAX - 5, 4096) == NULL && kmalloc_aligned(1, (size_t)1 << 63) == NULL);
    expect(kmalloc(ranges_bytes(&memory.ram)) == NULL);
    void *p = krealloc(NULL, 100);
    heap_check_fill(p, 100, 1);
    expect(krealloc(p, SIZE_MAX / 2) == NULL && heap_check_holds(p, 100, 1));
    kfree(p);
}

KTEST(heap, zeroed_memory_is_zero_after_use) {
    for (size_t size = 1; size <= 1 << 20; size = size * 2 + 1) {
        for (int turn = 0; turn < 3; turn++) {
            uint8_t *p = kzalloc(size);
            require(p != NULL && heap_check_is_zero(p, size));
            heap_check_fill(p, size, ~(uint64_t)0);
            kfree(p);
        }
    }
}

/* ---- to the last byte ------------------------------------------------------------------------ */

KTEST(heap, out_of_memory_to_the_last_byte_and_back) {
    for (int turn = 0; turn < 3; turn++) {
        struct page_sums before = heap_check_settle();
        uint64_t *kept = kmalloc(5000);
        require(kept != NULL);
        heap_check_fill(kept, 5000, 7);
        void *chain = heap_check_take_all();

        expect(page_sums().free_units == 0);
        expect(kmalloc(1) == NULL && kmalloc(1) == NULL && kzalloc(16) == NULL);
        expect(kmalloc_aligned(1, 64) == NULL && page_alloc(1) == NULL);
        expect(krealloc(kept, 500000) == NULL && heap_check_holds(kept, 5000, 7));
        expect(kmalloc_verify() == NULL);
        kfree(kept);
        void *again = kmalloc(5000);
        expect(again != NULL);
        kfree(again);
        heap_check_give(chain);
        struct page_sums after = heap_check_settle();
        expect(heap_check_same(&before, &after));
        expect(kmalloc_verify() == NULL);
    }
}

/* ---- fragmentation --------------------------------------------------------------------------- */

enum { PIECES = 3000 };
static void *pieces[PIECES];

static void free_every(uint32_t stride) {
    for (uint32_t i = 0; i < PIECES; i += stride) {
        kfree(pieces[i]);
        pieces[i] = NULL;
    }
}

KTEST(heap, pieces_become_one_block_again) {
    struct page_sums before = heap_check_settle();
    struct random random = random_seeded(41);
    size_t largest = before.largest_units * PAGE_UNIT_BYTES;

    for (uint32_t i = 0; i < PIECES; i++) /* a slot whose block does not fit stays NULL */
        pieces[i] = kmalloc((size_t)1 << random_below(&random, i % 8 == 0 ? 17 : 11));
    free_every(2);
    struct page_sums holed = heap_check_settle();
    expect(holed.free_extents > before.free_extents && kmalloc_verify() == NULL);
    free_every(3);
    expect(kmalloc_verify() == NULL);
    free_every(1);
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
    void *whole = kmalloc(largest);
    expect(whole != NULL && kmalloc_verify() == NULL);
    kfree(whole);
    after = heap_check_settle();
    expect(heap_check_same(&before, &after));
}
