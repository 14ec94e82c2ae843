/* All heaps there are. The first one is in the library's own data, so that a short program touches no unit for it. */
/* SPDX-License-Identifier: MIT */
#include "heap/registry.h"
#include "base/alone.h"
#include "base/valgrind.h"
#include "heap/alert.h"
#include "heap/cache.h"
#include "heap/parked.h"
#include "heap/recover.h"
#include "span/units.h"
#include <heapalloc/port.h>

static union {
    struct heap heap;
    char area[HEAP_AREA_BYTES];
} first_heap __attribute__((aligned(2048))); /* in two pages, wherever the linker puts it */

enum { HEAP_UNITS = (HEAP_AREA_BYTES + UNIT_BYTES - 1) / UNIT_BYTES };

STARTUP_TEXT static void heap_begin(struct heap *heap) {
    debug_check(heap->secret == 0 && heap_secret_word != 0);
    struct heap *seen = load_acquire(heaps.all);
    parked_clear(heap, HEAP_LIVE);
    do heap->next_all = seen;
    while (!cas(heaps.all, &seen, heap));
}

/* Heap structs from fresh units: the first is returned, the others are parked. */
static struct heap *carve_heaps(struct unit *unit) {
    debug_check(unit->kind == UNIT_META && unit->count == HEAP_UNITS);
    size_t bytes = HEAP_AREA_BYTES;
    struct heap *first = (struct heap *)unit->memory;
    for (char *at = unit->memory, *end = at + HEAP_UNITS * UNIT_BYTES; at + bytes <= end; at += bytes) {
        struct heap *heap = (struct heap *)at;
        heap->secret = 0; /* not initialised yet */
        heap->next_all = NULL;
        if (heap != first) parked_add(heap);
    }
    return first;
}

/* Make a heap live: for a thread, or for those that have exited. */
static void begin_life(struct heap *heap) {
    debug_check(heap->secret == heap_secret_word);
    store_relaxed(heap->state, HEAP_LIVE); /* first: a fork from a signal handler counts those that say so */
    __atomic_fetch_add(&heaps.live, 1, __ATOMIC_RELAXED);
    cache_share(heap);
}

/* Take a parked heap; NULL: there is none. The whole list is detached meanwhile: single pops by several threads could
 * not tell a head from the same head that came back (ABA). */
static struct heap *unpark(void) {
    struct heap *heap = load_relaxed(heaps.parked) ? swap_value(heaps.parked, NULL) : NULL, *none = NULL;
    if (!heap) return NULL;
    struct heap *rest = heap->next_parked, *last = rest;
    if (rest && !cas(heaps.parked, &none, rest)) {
        while (last->next_parked) last = last->next_parked;
        parked_add_list(rest, last);
    }
    if (heap->secret == 0) heap_begin(heap); /* carved, but never used yet */
    begin_life(heap);
    return heap;
}

/* The process's first heap, which also draws the secrets; NULL: there is one already. Under the heaps lock. */
static struct heap *first_of_process(void) {
    debug_check(lock_is_mine(&heaps.lock));
    if (heap_secret_word) return NULL;
    heap_secret_word = block_secret(port_random());
    if (hardened()) store_relaxed(hardened_secret, block_secret(port_random())); /* other threads may look */
    heap_begin(&first_heap.heap);
    store_relaxed(heaps.live, 1);
    return &first_heap.heap;
}

/* Without the lock while a fork has it and takes long: at worst one more struct is made. */
STARTUP_TEXT struct heap *heap_create(void) {
    struct heap *heap = NULL;
    bool locked = lock_take(&heaps.lock);
    if (locked) heap = first_of_process();
    if (!heap) {
        store_relaxed(heaps.threaded, true);
        if (unlikely(load_relaxed(heaps.single))) recover_share();
    }
    if (!heap && heap_secret_word) heap = unpark();
    if (locked) lock_give(&heaps.lock);
    if (heap || !heap_secret_word) return heap;
    struct unit *unit = units_take(HEAP_UNITS, UNIT_META);
    if (!unit) return NULL;
    valgrind_take(unit->memory, HEAP_UNITS * UNIT_BYTES);
    heap = carve_heaps(unit);
    heap_begin(heap);
    begin_life(heap);
    return heap;
}

STARTUP_TEXT struct heap *heap_for_thread(void) {
    debug_check(load_relaxed(heap_fast)->state != HEAP_LIVE);
    if (unlikely(heap_self->state == HEAP_LIVE)) {
        alert_hear(heap_self);
        return heap_self;
    }
    if (heap_self == &heap_ended) return NULL;
    if (!alone()) port_expect_fork(); /* before this thread takes a lock */
    struct heap *heap = heap_create();
    if (!heap) return NULL;
    heap_self = heap; /* first: what follows may allocate */
    alert_listen(heap);
    port_thread_begin();
    return heap;
}
