/* A thread's heap: made at its first allocation, given up when the thread ends.
 *
 * Heap structs are never unmapped and never become anything else: another thread may look at one of a thread
 * that is long gone. The first one stands in the library's own data, so that a short program touches no unit for it. */
/* SPDX-License-Identifier: MIT */
#include "heap/thread.h"
#include "base/alone.h"
#include "base/valgrind.h"
#include "heap/cache.h"
#include "heap/fork.h"
#include "heap/hardened.h"
#include "heap/tick.h"
#include "span/units.h"
#include <heapalloc/port.h>

struct heaps heaps = {.lock = LOCK_OF(RANK_HEAPS)};
uintptr_t heap_secret_word;

static struct heap first_heap __attribute__((aligned(64)));

/* The calling thread's last destructor has run: it gets no heap any more. */
static _Thread_local bool ended __attribute__((tls_model("initial-exec")));

/* An empty heap in `state`. It keeps its place among all. */
STARTUP_TEXT static void clear(struct heap *heap, enum heap_state state) {
    *heap = (struct heap){.secret = heap_secret_word,
                          .slow_left = TICK_SLOW_PATHS / 2, /* soon, so that fork handlers stand early */
                          .returns = RETURNS_MAX,
                          .hits_left = RETURNS_MAX,
                          .state = state,
                          .cache_max = cache_sum_first(),
                          .cache_room = cache_sum_first(),
                          .recent_units = RECENT_UNITS_MAX,
                          .seen_ms = load_relaxed(units.now_ms),
                          .next_all = heap->next_all};
    for (uint32_t class = 0; class < CLASS_COUNT; class ++) heap->bin[class] = BLOCK_END;
    if (hardened()) heap->quarantine_random = (uint32_t)((hardened_secret ^ (uintptr_t)heap) >> 20);
}

STARTUP_TEXT static void heap_init(struct heap *heap) {
    struct heap *seen = load_acquire(heaps.all);
    clear(heap, HEAP_LIVE);
    do heap->next_all = seen;
    while (!cas(heaps.all, &seen, heap));
}

/* Link `first` to `last` before the parked ones. Without the lock: a fork may have it. */
static void add_parked(struct heap *first, struct heap *last) {
    struct heap *seen = load_relaxed(heaps.parked);
    do last->next_parked = seen;
    while (!cas(heaps.parked, &seen, first));
}

static void park(struct heap *heap) {
    store_relaxed(heap->state, HEAP_PARKED);
    add_parked(heap, heap);
}

void heap_park(struct heap *heap) {
    clear(heap, HEAP_PARKED);
    park(heap);
}

/* Heap structs from a fresh unit: the first is returned, the others are parked. */
static struct heap *carve_heaps(struct unit *unit) {
    size_t bytes = round_up(sizeof(struct heap), 64);
    struct heap *first = (struct heap *)unit->memory;
    for (char *at = unit->memory, *end = at + UNIT_BYTES; at + bytes <= end; at += bytes) {
        struct heap *heap = (struct heap *)at;
        heap->secret = 0; /* not initialised yet */
        heap->next_all = NULL;
        if (heap != first) park(heap);
    }
    return first;
}

/* A thread's from now on, or the one of those that have ended. */
static void begin_life(struct heap *heap) {
    __atomic_fetch_add(&heaps.live, 1, __ATOMIC_RELAXED);
    cache_share(heap);
    store_relaxed(heap->state, HEAP_LIVE);
}

/* Whoever looks has all of the list meanwhile: single pops of several threads could not tell a head from the same head
 * come back. */
static struct heap *unpark(void) {
    struct heap *heap = load_relaxed(heaps.parked) ? swap_value(heaps.parked, NULL) : NULL, *none = NULL;
    if (!heap) return NULL;
    struct heap *rest = heap->next_parked, *last = rest;
    if (rest && !cas(heaps.parked, &none, rest)) {
        while (last->next_parked) last = last->next_parked;
        add_parked(rest, last);
    }
    if (heap->secret == 0) heap_init(heap); /* carved, but never used yet */
    begin_life(heap);
    return heap;
}

/* Under the heaps lock. */
static struct heap *first_of_process(void) {
    if (heap_secret_word) return NULL;
    heap_secret_word = block_secret(port_random());
    if (hardened()) hardened_secret = (uintptr_t)port_random() | 1;
    heap_init(&first_heap);
    heaps.live = 1;
    return &first_heap;
}

/* Without the lock while a fork has it and takes long: the worst that comes of it is one struct more. */
STARTUP_TEXT struct heap *heap_create(void) {
    struct heap *heap = NULL;
    bool locked = lock_take(&heaps.lock);
    if (locked) heap = first_of_process();
    if (!heap) {
        store_relaxed(heaps.threaded, true);
        if (unlikely(load_relaxed(heaps.single))) fork_share();
    }
    if (!heap && heap_secret_word) heap = unpark();
    if (locked) lock_give(&heaps.lock);
    if (heap || !heap_secret_word) return heap;
    struct unit *unit = units_take(1, UNIT_META);
    if (!unit) return NULL;
    valgrind_take(unit->memory, UNIT_BYTES);
    heap = carve_heaps(unit);
    heap_init(heap);
    begin_life(heap);
    return heap;
}

STARTUP_TEXT struct heap *heap_for_thread(void) {
    if (ended) return NULL;
    if (!alone()) port_expect_fork(); /* before this thread takes a lock */
    struct heap *heap = heap_create();
    if (!heap) return NULL;
    heap_self = heap; /* first: what follows may allocate */
    port_thread_begin();
    return heap;
}

void heap_give_up(struct heap *heap) {
    hardened_flush(heap);
    heap_spill(heap);
    cache_flush(heap);
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        struct unit *slab = heap->current[class];
        heap->current[class] = NULL;
        if (slab) heap_disown(slab);
        while ((slab = heap->partial[class].first)) {
            heap_partial_remove(heap, slab);
            heap_disown(slab);
        }
    }
    memset(heap->extra_slabs, 0, sizeof(heap->extra_slabs));
}

void heap_leave(void) {
    struct heap *heap = heap_self;
    if (heap->state == HEAP_LIVE) heap_tick(heap); /* threads may end one after the other, and nobody else allocate */
    ended = true;
    if (heap->state != HEAP_LIVE) return;
    heap_give_up(heap);
    heap_self = &heap_none;
    __atomic_fetch_sub(&heaps.live, 1, __ATOMIC_RELAXED);
    park(heap);
}
