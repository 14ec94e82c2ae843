/* The heap on all cores: cores free each other's blocks, timer interrupts allocate in between, not a byte is lost. */
/* SPDX-License-Identifier: MIT */
#include "cores.h"
#include "heap_check.h"
#include "kernel.h"
#include "kmalloc.h"
#include "ktest.h"
#include "timer.h"
#include <string.h>

enum { SLOTS = 64, SIZE_BITS = 15, TICKS = 20, TAG_BYTES = 16, ROUND = 32 };

/* The first words of a block are its size and the seed of its contents. */
struct parcel {
    uint64_t size, seed;
    uint8_t content[];
};

static struct parcel *slots[SLOTS];
static struct random randoms[CORES_MAX][2]; /* of the core, of its interrupts */
static uint64_t swaps, foreign, refused, in_interrupts;

static void count(uint64_t *counter) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static struct parcel *pack(struct random *random) {
    uint64_t size = TAG_BYTES + random_below(random, (uint64_t)1 << random_below(random, SIZE_BITS + 1));
    struct parcel *parcel = random_below(random, 5) == 0 ? kmalloc_aligned(size, 256) : kmalloc(size);

    if (parcel == NULL) {
        count(&refused);
        return NULL;
    }
    parcel->size = size;
    parcel->seed = random_next(random) << 3 | core_self()->index;
    heap_check_fill(parcel->content, size - TAG_BYTES, parcel->seed);
    return parcel;
}

static void unpack(struct parcel *parcel) {
    if (parcel == NULL) return;
    expect(heap_check_holds(parcel->content, parcel->size - TAG_BYTES, parcel->seed));
    if ((parcel->seed & 7) != core_self()->index) count(&foreign);
    kfree(parcel);
}

static void exchange(struct random *random) {
    struct parcel *parcel = pack(random);
    struct parcel **slot = &slots[random_below(random, SLOTS)];

    unpack(__atomic_exchange_n(slot, parcel, __ATOMIC_ACQ_REL));
    count(&swaps);
}

static void prepare(void) {
    swaps = foreign = refused = in_interrupts = 0;
    for (uint32_t i = 0; i < CORES_MAX; i++) {
        randoms[i][0] = random_seeded(100 + i);
        randoms[i][1] = random_seeded(200 + i);
    }
}

/* Core 0 frees everything, wherever it came from; then nothing is missing. */
static void finish(const struct page_sums *before, uint64_t foreign_least) {
    for (uint32_t i = 0; i < SLOTS; i++) {
        unpack(slots[i]);
        slots[i] = NULL;
    }
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(before, &after));
    expect(kmalloc_verify() == NULL);
    expect(core_count() == 1 || foreign >= foreign_least);
    expect(refused == 0 || heap_check_is_small());
}

/* They meet at barriers now and then: under an emulator with few threads one core might finish before the next begins.
 * */
static void exchange_many(void *unused) {
    (void)unused;
    for (uint64_t i = 0; i < options.iters; i++) {
        if (i % ROUND == 0) cores_meet();
        exchange(&randoms[core_self()->index][0]);
    }
}

KTEST(heapcores, blocks_change_hands) {
    struct page_sums before = heap_check_settle();

    prepare();
    cores_run(exchange_many, NULL);
    expect(swaps == options.iters * core_count());
    finish(&before, swaps / 8);
}

static void exchange_in_interrupt(void) {
    exchange(&randoms[core_self()->index][1]);
    count(&in_interrupts);
}

static void exchange_while_ticking(void *unused) {
    struct core *core = core_self();
    struct deadline deadline = deadline_in_ms(options.patience);
    uint64_t before = core->ticks;

    (void)unused;
    timer_start(options.hz);
    while (__atomic_load_n(&core->ticks, __ATOMIC_RELAXED) - before < TICKS && !deadline_passed(deadline))
        for (int i = 0; i < 16; i++) exchange(&randoms[core->index][0]);
    timer_stop();
    expect(core->ticks - before >= TICKS);
}

KTEST(heapcores, interrupts_allocate_and_free) {
    struct page_sums before = heap_check_settle();

    prepare();
    timer_set_hook(exchange_in_interrupt);
    cores_run(exchange_while_ticking, NULL);
    timer_set_hook(NULL);
    expect(in_interrupts >= TICKS * (uint64_t)core_count());
    finish(&before, SLOTS / 2);
}

static void free_own_share(void *blocks) {
    void **share = (void **)blocks + core_self()->index * 64;
    for (int i = 0; i < 64; i++) kfree(share[i]);
}

/* Core 0 allocates, all cores free, and core 0 gets the same memory again: no block is left elsewhere. */
KTEST(heapcores, producer_does_not_run_dry) {
    static void *blocks[CORES_MAX * 64];
    struct page_sums before = heap_check_settle();

    for (uint64_t turn = 0; turn < 20; turn++) {
        for (uint32_t i = 0; i < core_count() * 64; i++) require((blocks[i] = kmalloc(200 + turn * 3)));
        cores_run(free_own_share, blocks);
    }
    struct page_sums after = heap_check_settle();
    expect(heap_check_same(&before, &after));
    expect(kmalloc_verify() == NULL);
}

/* ---- bytes are zeroed with interrupts enabled ------------------------------------------------- */

enum { ZEROED_BYTES = 1 << 20 };
static char *watched;
static uint64_t seen_half_zeroed;

/* In the interrupt: the block is zero at one end and not yet at the other. */
static void look_at_both_ends(void) {
    volatile char *block = __atomic_load_n(&watched, __ATOMIC_RELAXED);
    if (block != NULL && block[0] == 0 && block[ZEROED_BYTES - 1] != 0) count(&seen_half_zeroed);
}

/* The block freed last serves the next request of its size, so it is known before kzalloc returns. */
KTEST(heapcores, interrupts_are_taken_while_a_block_is_zeroed) {
    struct deadline deadline = deadline_in_ms(options.patience);

    seen_half_zeroed = 0;
    timer_set_hook(look_at_both_ends);
    timer_start(options.hz);
    while (__atomic_load_n(&seen_half_zeroed, __ATOMIC_RELAXED) == 0 && !deadline_passed(deadline)) {
        char *block = kmalloc(ZEROED_BYTES);
        require(block != NULL);
        memset(block, 0xff, ZEROED_BYTES);
        kfree(block);
        __atomic_store_n(&watched, block, __ATOMIC_RELAXED);
        char *zero = kzalloc(ZEROED_BYTES);
        __atomic_store_n(&watched, NULL, __ATOMIC_RELAXED);
        expect(zero == block && zero[0] == 0 && zero[ZEROED_BYTES - 1] == 0);
        kfree(zero);
    }
    timer_stop();
    timer_set_hook(NULL);
    expect(seen_half_zeroed > 0);
}
