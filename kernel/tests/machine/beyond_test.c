/* Memory beyond the first unit table: refused where it may not be added, then served, freed and checked like the first.
 * Needs beyond=; each test builds on those before it. */
/* SPDX-License-Identifier: MIT */
#include "cores.h"
#include "heap_check.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"

enum { LEAST_BYTES = 64 << 10, ROOMY_BYTES = 32 << 20, TURNS = 8, BLOCKS = 48, SIZE_BITS = 16 };

/* ---- pieces ---------------------------------------------------------------------------------- */

static struct range_list pieces;

static bool is_beyond(const void *p, size_t bytes) {
    uint64_t start = (uintptr_t)p;

    for (const struct range *piece = pieces.at; piece < pieces.at + pieces.count; piece++)
        if (start >= piece->start && start + bytes <= piece->end) return true;
    return false;
}

/* Two of each range that is not too small, adjacent, with odd bounds. Their sizes differ much: among extents of similar
 * size the index finds any, which may be the smaller one. */
static void cut_pieces(void) {
    for (uint32_t i = 0; i < memory.beyond.count && pieces.count < 2 * memory.beyond.count; i++) {
        struct range range = memory.beyond.at[i];
        if (range.end - range.start < ROOMY_BYTES) continue;
        uint64_t middle = range.start + (range.end - range.start) / 3 + 1001;
        ranges_append(&pieces, (struct range){range.start + 1, middle});
        ranges_append(&pieces, (struct range){middle, range.end - 1});
    }
}

static bool add(uint64_t start, uint64_t end) {
    return page_add_region((void *)start, end - start);
}

static void expect_refused_again(struct range piece) {
    expect(!add(piece.start, piece.end));
    expect(!add(piece.start - LEAST_BYTES, piece.end + LEAST_BYTES));
    expect(!add(piece.start, piece.start + LEAST_BYTES)); /* its tables */
    expect(!add(piece.end - LEAST_BYTES, piece.end));     /* its last units */
    expect(!add(piece.start + LEAST_BYTES, piece.end + LEAST_BYTES));
}

/* Allocate all memory of the first table, as a chain, and nothing else. */
static void *use_first_up(void) {
    void *chain = heap_check_take_all(), *first = NULL, *beyond = NULL;

    while (chain != NULL) {
        void *next = *(void **)chain, **to = is_beyond(chain, sizeof(void *)) ? &beyond : &first;
        *(void **)chain = *to;
        *to = chain;
        chain = next;
    }
    heap_check_give(beyond);
    return first;
}

/* ---- before ---------------------------------------------------------------------------------- */

KTEST(beyond, first_table_ends_below_it) {
    struct page_sums sums = page_sums();

    cut_pieces();
    require(pieces.count > 0);
    expect(memory.tabled.at[0].start + sums.units * PAGE_UNIT_BYTES <= memory.beyond.at[0].start);
    void *chain = heap_check_take_all();
    expect(chain != NULL && kmalloc(1) == NULL && page_sums().free_units == 0);
    for (void **block = chain; block != NULL; block = *block) expect(!is_beyond(block, 1));
    heap_check_give(chain);
}

KTEST(beyond, what_may_not_be_given_is_refused_and_left_alone) {
    struct page_sums before = heap_check_settle();

    require(pieces.count > 0);
    uint64_t start = pieces.at[0].start - 1, end = memory.ram.at[memory.ram.count - 1].end;

    heap_check_fill((void *)start, 1 << 20, 5);
    expect(!add(start, start));
    expect(!add(start, start + LEAST_BYTES - 1));
    expect(!add(start + 1, start + LEAST_BYTES));
    expect(!add(start, start - 8) && !heap_add_region((void *)start, SIZE_MAX));
    expect(!add(memory.tabled.at[0].start, start + (1 << 20))); /* the first is in it */
    expect(!add(memory.tabled.at[memory.tabled.count - 1].end - 1, start + (1 << 20)));
    expect(!add(end - LEAST_BYTES, end + LEAST_BYTES)); /* no memory there */
    expect(heap_check_holds((void *)start, 1 << 20, 5));
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after) && before.units == after.units);
    expect(kmalloc_verify() == NULL);
}

KTEST(beyond, each_piece_becomes_memory_once) {
    for (uint32_t i = 0; i < pieces.count; i++) {
        uint64_t bytes = pieces.at[i].end - pieces.at[i].start;
        struct page_sums before = page_sums();
        require(add(pieces.at[i].start, pieces.at[i].end));
        struct page_sums after = page_sums();
        uint64_t gained = (after.free_units - before.free_units) * PAGE_UNIT_BYTES;

        expect(gained < bytes && bytes - gained <= bytes / 48 + 2 * PAGE_UNIT_BYTES); /* tables */
        expect(after.free_extents == before.free_extents + 1);
        expect_refused_again(pieces.at[i]);
        struct page_sums refused = page_sums();
        expect(heap_check_same(&after, &refused) && after.units == refused.units);
        expect(kmalloc_verify() == NULL);
    }
}

/* ---- after ----------------------------------------------------------------------------------- */

static void *filled(size_t size) {
    void *p = kmalloc(size);

    if (expect(p != NULL && is_beyond(p, size))) heap_check_fill(p, size, size);
    return p;
}

static void resize_and_free(void *p, size_t size, size_t wish) {
    size_t kept = (wish < size ? wish : size) & ~(size_t)7;

    p = krealloc(p, wish);
    require(p != NULL && is_beyond(p, wish));
    expect(heap_check_holds(p, kept, size));
    kfree(p);
}

static void try_size(size_t size) {
    void *zero = kzalloc(size), *aligned = kmalloc_aligned(size, 1 << 20);

    require(zero != NULL && aligned != NULL);
    expect(is_beyond(zero, size) && heap_check_is_zero(zero, size));
    expect(is_beyond(aligned, size) && (uintptr_t)aligned % (1 << 20) == 0);
    resize_and_free(filled(size), size, size * 2 + 1);
    resize_and_free(filled(size), size, size / 2 + 1);
    kfree(zero);
    kfree(aligned);
}

KTEST(beyond, serves_when_the_first_is_used_up) {
    struct page_sums before = heap_check_settle();
    void *first = use_first_up();

    require(first != NULL && kmalloc_verify() == NULL);
    for (size_t size = 1; size < 4 << 20; size = size * 3 + 1) try_size(size);
    size_t units = page_sums().largest_units;
    void *run = page_alloc(units); /* may be larger than the whole first table */
    expect(is_beyond(run, units * PAGE_UNIT_BYTES));
    page_free(run);
    expect(kmalloc_verify() == NULL);
    void *rest = heap_check_take_all();
    expect(rest != NULL && kmalloc(1) == NULL && page_sums().free_units == 0);
    for (void **block = rest; block != NULL; block = *block) expect(is_beyond(block, 1));
    expect(kmalloc_verify() == NULL);
    heap_check_give(first);
    heap_check_give(rest);
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
    expect(kmalloc_verify() == NULL);
}

/* ---- across cores ---------------------------------------------------------------------------- */

static struct {
    void *at;
    size_t size;
} shares[CORES_MAX][BLOCKS];
static struct random randoms[CORES_MAX];

static void fill_own_share(void *unused) {
    uint32_t self = core_self()->index;
    struct random *random = &randoms[self];

    (void)unused;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        shares[self][i].size = 1 + random_below(random, (uint64_t)1 << random_below(random, SIZE_BITS + 1));
        shares[self][i].at = filled(shares[self][i].size);
    }
}

static void empty_the_next_share(void *unused) {
    uint32_t next = (core_self()->index + 1) % core_count();

    (void)unused;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        size_t size = shares[next][i].size;
        expect(heap_check_holds(shares[next][i].at, size, size));
        if (i % 3 == 0)
            resize_and_free(shares[next][i].at, size, size * 2);
        else
            kfree(shares[next][i].at);
    }
}

/* In memory of the first table and of the pieces: first only beyond, then anywhere.
 */
KTEST(beyond, cores_free_and_resize_each_others_blocks) {
    struct page_sums before = heap_check_settle();
    void *first = use_first_up();

    for (uint32_t i = 0; i < CORES_MAX; i++) randoms[i] = random_seeded(300 + i);
    for (int turn = 0; turn < TURNS; turn++) {
        cores_run(fill_own_share, NULL);
        expect(kmalloc_verify() == NULL);
        cores_run(empty_the_next_share, NULL);
        expect(kmalloc_verify() == NULL);
    }
    heap_check_give(first);
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
    expect(kmalloc_verify() == NULL);
}

/* Blocks of both, freed on all cores except the one that allocated them. */
static void free_own_part(void *blocks) {
    void **block = (void **)blocks + core_self()->index;

    for (; block < (void **)blocks + CORES_MAX * BLOCKS; block += core_count()) kfree(*block);
}

KTEST(beyond, blocks_of_both_are_freed_by_all_cores) {
    static void *blocks[CORES_MAX * BLOCKS];
    struct page_sums before = heap_check_settle();
    uint32_t of_first = 0, count = CORES_MAX * BLOCKS;
    size_t size = before.free_units * PAGE_UNIT_BYTES / count / 2;

    for (uint32_t i = 0; i < count; i++) { /* half of all memory, and small blocks in between */
        require((blocks[i] = kmalloc(i % 4 == 3 ? 100 : size)));
        of_first += !is_beyond(blocks[i], 1);
    }
    void *rest = heap_check_take_all();
    expect(rest != NULL && kmalloc_verify() == NULL);
    cores_run(free_own_part, blocks);
    expect(kmalloc_verify() == NULL);
    heap_check_give(rest);
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after) && of_first < count);
    expect(kmalloc_verify() == NULL);
}

/* ---- misuse ---------------------------------------------------------------------------------- */

/* A block of added memory; the first table's is used up. */
static void *block_beyond(size_t size) {
    cut_pieces();
    for (uint32_t i = 0; i < pieces.count; i++) add(pieces.at[i].start, pieces.at[i].end);
    use_first_up();
    void *p = kmalloc(size);
    return is_beyond(p, size) ? p : NULL; /* NULL may be freed twice */
}

static void free_elsewhere(void *p) {
    if (core_self()->index + 1 == core_count()) kfree(p);
}

KTEST(misuse, beyond_frees_a_small_block_twice) {
    void *p = block_beyond(100);
    kfree(p);
    kfree(p);
}

KTEST(misuse, beyond_frees_a_medium_block_twice) {
    void *p = block_beyond(20000);
    kfree(p);
    kfree(p);
}

KTEST(misuse, beyond_frees_a_large_block_twice) {
    void *p = block_beyond(1 << 20);
    kfree(p);
    kfree(p);
}

KTEST(misuse, beyond_frees_twice_on_two_cores) {
    void *p = block_beyond(1000);
    cores_run(free_elsewhere, p);
    kfree(p);
}

KTEST(misuse, beyond_frees_inside_a_small_block) {
    kfree((char *)block_beyond(1000) + 16);
}

KTEST(misuse, beyond_frees_inside_a_medium_block) {
    cores_run(free_elsewhere, (char *)block_beyond(20000) + 4096);
}

KTEST(misuse, beyond_frees_inside_a_large_block) {
    cores_run(free_elsewhere, (char *)block_beyond(1 << 20) + 65536);
}

KTEST(misuse, beyond_resizes_a_freed_block) {
    void *p = block_beyond(500);
    kfree(p);
    kfree(krealloc(p, 5000));
}

KTEST(misuse, beyond_writes_after_a_free) {
    uint64_t *p = block_beyond(48);
    kfree(p);
    *p ^= 16;
    for (int i = 0; i < 4096; i++) kmalloc(48);
}

KTEST(misuse, beyond_frees_the_tables) {
    block_beyond(1);
    kfree((void *)((pieces.at[0].start | 4095) + 1));
}

KTEST(misuse, beyond_frees_what_was_not_given) {
    kfree((void *)memory.beyond.at[0].start);
}
