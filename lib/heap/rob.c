/* Taking what other heaps' caches keep. */
#include "heap/rob.h"
#include "heap/cache.h"
#include "span/purge.h"
#include "span/units.h"

/* The block at `p`, wherever that hint came from, if it is one of `count` granules in some cache: the caller's now. */
static struct granule *claim(const char *p, uint32_t count) {
    if ((size_t)(p - span_home.base) >= racy_load(span_home.bytes)) return NULL;
    struct granule *slot = span_slot_home(p);
    return cache_claim(slot, count, GRANULE_DEFERRED) ? slot : NULL;
}

/* The owner may pop the first block meanwhile, and then another is first. It will not come past one that was claimed. */
static void rob_list(struct heap *heap, uint32_t count) {
    struct granule *slot = NULL;
    const char *first = NULL, *seen;
    while (!slot && (seen = racy_load(heap->cache[count])) && seen != first) slot = claim(first = seen, count);
    while (slot) {
        const char *next = load_relaxed(*cache_link(slot));
        store_relaxed(*cache_link(slot), NULL);
        medium_give(slot);
        slot = next ? claim(next, count) : NULL;
    }
}

/* Under the heaps lock: a fork waits until no block is in a thief's hand. */
static void rob(struct heap *heap) {
    struct unit *recent_large = swap_value(heap->recent_large, NULL);
    struct granule *recent_medium = swap_value(heap->recent_medium, NULL);
    if (recent_large) units_give(recent_large);
    if (recent_medium) medium_give(recent_medium);
    if (racy_load(heap->cache_max) == racy_load(heap->cache_room)) return;
    store_release(heap->robbed, true); /* before any of its blocks says so */
    cache_return_grant(heap);
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++) rob_list(heap, count);
}

void rob_idle(const struct heap *self, uint32_t now_ms, uint32_t quarter) {
    if (load_relaxed(heaps.live) < 2 || !lock_try(&heaps.lock)) return;
    bool due = heaps.robbed_quarter != quarter;
    heaps.robbed_quarter = quarter;
    for (struct heap *heap = due ? heaps.all : NULL; heap; heap = heap->next_all) {
        if (heap != self && racy_load(heap->state) == HEAP_LIVE && now_ms - racy_load(heap->seen_ms) >= purge_decay_ms)
            rob(heap);
    }
    lock_give(&heaps.lock);
}

void rob_all(const struct heap *self) {
    if (load_relaxed(heaps.live) < 2 || !lock_take(&heaps.lock)) return;
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all)
        if (heap != self && racy_load(heap->state) == HEAP_LIVE) rob(heap);
    lock_give(&heaps.lock);
}
