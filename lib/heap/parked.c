/* Heaps that wait for a thread. */
/* SPDX-License-Identifier: MIT */
#include "heap/parked.h"
#include "heap/cache.h"
#include "heap/pace.h"
#include "span/units.h"

/* All rows are empty, and closed: the first free of each class opens its own (heap/quarantine.h). */
static void close_quarantine(struct heap *heap) {
    heap->quarantine_random = hardened_secret ^ (uintptr_t)heap;
    for (size_t i = 0; i < QUARANTINE_ROWS; i++) heap->quarantine[i].out = (struct block **)quarantine_none;
}

STARTUP_TEXT void parked_clear(struct heap *heap, enum heap_state state) {
    debug_check(heap != &heap_none && state != HEAP_NONE);
    *heap = (struct heap){.secret = heap_secret_word,
                          .slow_left = PACE_SLOW_PATHS / 2,
                          .returns = RETURNS_MAX,
                          .hits_left = RETURNS_MAX,
                          .state = state,
                          .cache_max = cache_sum_first(),
                          .cache_room = cache_sum_first(),
                          .recent_units = RECENT_UNITS_MAX,
                          .seen_ms = load_relaxed(units.now_ms),
                          .next_all = heap->next_all};
    for (uint32_t class = 0; class < CLASS_COUNT; ++class) heap->bin[class] = BLOCK_END;
    if (hardened()) close_quarantine(heap);
}

void parked_add_list(struct heap *first, struct heap *last) {
    debug_check(first && last && first != &heap_none);
    struct heap *seen = load_relaxed(heaps.parked);
    do last->next_parked = seen;
    while (!cas(heaps.parked, &seen, first));
}

void parked_add(struct heap *heap) {
    debug_check(heap != &heap_none);
    store_relaxed(heap->state, HEAP_PARKED);
    parked_add_list(heap, heap);
}

void parked_make(struct heap *heap) {
    parked_clear(heap, HEAP_PARKED);
    parked_add(heap);
}
