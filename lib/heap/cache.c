/* The medium cache: how it is given back, and what it may keep. */
/* SPDX-License-Identifier: MIT */
#include "heap/cache.h"
#include "span/units.h"

STARTUP_TEXT void cache_yield(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE && !lock_is_mine(&medium.lock));
    if (load_relaxed(units.dirty_units) > 0) return;
    struct unit *recent_large = take_recent(heap->recent_large);
    if (recent_large) {
        units_give(recent_large);
        return;
    }
    if (policy_cache_yields(cache_sum(heap), load_relaxed(medium.dirty_granules), load_relaxed(units.used_units)))
        cache_flush(heap);
}

STARTUP_TEXT uint32_t cache_give_list(struct heap *heap, uint32_t count) {
    debug_check(count >= MEDIUM_GRANULES_MIN && count <= CACHE_GRANULES_MAX);
    if (!load_relaxed(heap->cache[count])) return 0;
    uint32_t sum = 0;
    char *p = swap_value(heap->cache[count], NULL);
    for (char *next; p; p = next, sum += count) {
        struct granule *slot = span_slot_home(p);
        next = load_relaxed(*cache_link(slot));
        store_relaxed(*cache_link(slot), NULL);
        medium_give(slot);
    }
    return sum;
}

/* Count a list while its owner may pop it, and hand its blocks to others: what is not a block of this list any more
 * ends it, and it has no more than the cache has granules for. */
COLD static size_t cache_count_list(const struct heap *heap, uint32_t count) {
    size_t blocks = 0, most = cache_sum(heap) / count;
    for (char *p = load_relaxed(heap->cache[count]); p && blocks < most; blocks++) {
        if ((size_t)(p - load_relaxed(span_home.base)) >= load_relaxed(span_home.bytes)) break;
        struct granule *slot = span_slot_home(p);
        if (load_relaxed(slot->head) != (count | GRANULE_CACHED)) break;
        p = cache_next(slot);
    }
    return blocks;
}

COLD size_t cache_count(const struct heap *heap) {
    size_t blocks = load_relaxed(heap->recent_medium) != NULL;
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++)
        blocks += cache_count_list(heap, count);
    return blocks;
}

void cache_return_grant(struct heap *heap) {
    if (load_relaxed(heap->granted) == 0) return;
    __atomic_fetch_sub(&heaps.granted, swap_value(heap->granted, 0), __ATOMIC_RELAXED);
}

STARTUP_TEXT void cache_flush(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (CACHE_SUM_MAX == 0) return; /* the bounded build's */
    struct granule *recent_medium =
        take_recent(heap->recent_medium); /* first: a fork must not find a block in two places */
    struct unit *recent_large = take_recent(heap->recent_large);
    if (recent_medium) medium_give(recent_medium);
    if (recent_large) units_give(recent_large);
    uint32_t room = swap_value(heap->stolen, 0);
    for (uint32_t count = MEDIUM_GRANULES_MIN;
         heap->cache_max != heap->cache_room + room && count <= CACHE_GRANULES_MAX; count++)
        room += cache_give_list(heap, count);
    guarded_add(heap->cache_room, room);
    cache_return_grant(heap);
    uint32_t first = cache_sum_first();
    guarded_add(heap->cache_room, first - heap->cache_max); /* a wrong sum stays wrong, for the verifier */
    store_relaxed(heap->cache_max, first);
}

static uint32_t caches_limit = UINT32_MAX; /* granules */

void cache_set_limit(uint64_t bytes) {
    uint64_t granules = bytes >> GRANULE_SHIFT;
    store_relaxed(caches_limit, granules < UINT32_MAX ? (uint32_t)granules : UINT32_MAX);
}

/* What all heaps' caches may keep, in granules. */
static uint32_t caches_max(void) {
    uint32_t part = load_relaxed(units.used_units) * (GRANULES_PER_UNIT / CACHES_PART),
             limit = load_relaxed(caches_limit);
    uint32_t most = part > CACHES_SUM_MIN ? part : CACHES_SUM_MIN;
    return most < limit ? most : limit;
}

STARTUP_TEXT void cache_share(struct heap *heap) {
    debug_check(heap != &heap_none);
    uint32_t live = load_relaxed(heaps.live),
             share = live > 1 ? caches_max() / GRANULES_PER_UNIT / live : RECENT_UNITS_MAX;
    heap->recent_units = (uint32_t)min_size(share, RECENT_UNITS_MAX);
}

/* Grant a heap up to `wish` granules of what all heaps share, at most twice its share. Returns how many. */
static uint32_t grant(struct heap *heap, uint32_t wish) {
    debug_check(load_relaxed(heaps.threaded) && load_relaxed(heaps.live) > 0);
    uint32_t all = caches_max(), most = 2 * all / load_relaxed(heaps.live), seen = load_relaxed(heaps.granted);
    cache_share(heap);
    if (heap->cache_max >= most) return 0;
    if (wish > most - heap->cache_max) wish = most - heap->cache_max;
    do {
        if (seen >= all) return 0;
        if (wish > all - seen) wish = all - seen;
    } while (!cas(heaps.granted, &seen, seen + wish));
    __atomic_fetch_add(&heap->granted, wish, __ATOMIC_RELAXED);
    return wish;
}

void cache_widen(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if ((int32_t)heap->cache_max >= CACHE_SUM_MAX) return;
    uint32_t more = load_relaxed(heaps.threaded) ? grant(heap, CACHE_SUM_STEP) : CACHE_SUM_STEP;
    guarded_add(heap->cache_max, more);
    guarded_add(heap->cache_room, more);
}
