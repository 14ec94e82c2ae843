/* The medium cache: freed blocks kept for their thread, so that the next request of their size needs no lock.
 *
 *   cache[n]        blocks of exactly n granules, up to 80 KiB, cache_max granules in all; a list, whose
 *                   links are in the blocks' second slots
 *   recent_medium   the larger medium block that was freed last;  recent_large: the same of whole units;
 *                   of up to 8 MiB, or this heap's share of what all caches may keep
 *
 * A recent block is handed out again only for exactly its size; any other request of its level gives it back first,
 * so keeping it never makes the heap take memory that it would not have taken otherwise.
 * A cached block's slot or line has a state of its own, which a second free finds; it changes by compare-and-swap,
 * because the second free may come from another thread at the same time. Only blocks of the home span are kept. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/alone.h"
#include "heap/policy.h"

INLINE size_t cache_granules(size_t size) {
    return granules_to_hold(size);
}

/* Granules that a cache may keep without a grant. */
INLINE uint32_t cache_sum_first(void) {
    return config_bounded || load_relaxed(heaps.threaded) ? 0 : CACHE_SUM_MIN;
}

/* Limit what the caches of all heaps may be granted from now on; what they have stays until it decays. */
void cache_set_limit(uint64_t bytes);

/* Granules in the cache; other threads than the owner may read any number up to its bound. */
INLINE uint32_t cache_sum(const struct heap *heap) {
    uint32_t max = racy_load(heap->cache_max), room = racy_load(heap->cache_room) + load_relaxed(heap->stolen);
    return max > room ? max - room : 0;
}

/* Blocks in the cache, and the recent one of level 2; any thread. A guess while the owner goes on. */
size_t cache_count(const struct heap *heap);

/* Take the recent block in `place`, one of this heap's; NULL: there is none, or another thread has taken it. */
#define take_recent(place)                                                     \
    ({                                                                         \
        __typeof__(place) recent_ = load_relaxed(place);                       \
        recent_ != NULL &&cas_alone((place), &recent_, NULL) ? recent_ : NULL; \
    })

/* Where a cached block's slot holds the address of the next one. Written at once, because a thread that merges blocks
 * at the same time may read any slot's upper half. */
INLINE char **cache_link(struct granule *slot) {
    return (char **)(slot + 1);
}

/* The link of a block that another thread may have taken meanwhile: then the value is not used. */
NO_TSAN static char *cache_next(struct granule *slot) {
    return *(char *volatile *)cache_link(slot);
}

/* Hand `p` of `count` granules, just taken from its list, to a caller. */
INLINE void *cache_hand_out(struct heap *heap, char *p, struct granule *slot, size_t count) {
    debug_check(count >= MEDIUM_GRANULES_MIN && count <= CACHE_GRANULES_MAX && granule_state(slot) == GRANULE_CACHED);
    store_relaxed(*cache_link(slot), NULL);
    guarded_add(heap->cache_room, (uint32_t)count);
    racy_store(slot->head, racy_load(slot->head) ^ GRANULE_KEEP);
    return p;
}

/* Pop a cached block of exactly `count` granules, 1..CACHE_GRANULES_MAX, while there is one thread. NULL: none, or a
 * slow path is due, which tries again. */
INLINE void *cache_pop_alone(struct heap *heap, size_t count) {
    debug_check(count >= 1 && count <= CACHE_GRANULES_MAX);
    char *p = heap->cache[count];
    if (unlikely(!p) || unlikely(--heap->hits_left == 0)) return NULL;
    struct granule *slot = span_slot_home(p);
    COMPUTED(heap); /* else the list's address takes a register of its own */
    racy_store(heap->cache[count], *cache_link(slot));
    return cache_hand_out(heap, p, slot, count);
}

/* The same where another thread may be taking the whole list (heap/steal.c). Only the owner puts blocks into it, so if
 * the first block is still the first, its link is the one that was read. */
INLINE void *cache_pop_shared(struct heap *heap, size_t count) {
    debug_check(count >= 1 && count <= CACHE_GRANULES_MAX);
    char *p = load_relaxed(heap->cache[count]), *first = p;
    if (unlikely(!p) || unlikely(--heap->hits_left == 0)) return NULL;
    struct granule *slot = span_slot_home(p);
    if (unlikely(!cas(heap->cache[count], &first, cache_next(slot)))) return NULL;
    return cache_hand_out(heap, p, slot, count);
}

/* True when other threads may take whole lists. Not in the fast build, where that would cost three instructions per
 * malloc and free. */
INLINE bool cache_is_shared(void) {
    return config_safety && unlikely(!alone());
}

INLINE void *cache_pop(struct heap *heap, size_t count) {
    return !cache_is_shared() ? cache_pop_alone(heap, count) : cache_pop_shared(heap, count);
}

/* The closest list, from `first` on, whose blocks serve a request of `count` granules; 0: all of them are empty. */
INLINE size_t cache_list_from(const struct heap *heap, size_t first, size_t count) {
    size_t last = count + policy_cache_excess(count);
    _Static_assert(CACHE_GRANULES_MAX + CACHE_GRANULES_MAX / CACHE_EXCESS_PART < CACHE_LISTS, "there are such lists");
    for (size_t list = first; list <= last; list++)
        if (racy_load(heap->cache[list])) return list;
    return 0;
}

/* Pop a block of `count` granules, or of a few more; NULL as above. */
INLINE void *cache_take(struct heap *heap, size_t count) {
    size_t list = cache_list_from(heap, count, count);
    return list > 0 ? cache_pop(heap, list) : NULL;
}

enum cache_use { CACHE_ALONE, CACHE_SHARED };

/* Keep the used block at `p`, in the home span, if the cache keeps its size and has room.
 * False: nothing was done, and the caller checks the pointer again from the start. CACHE_SHARED: other threads may be
 * freeing it too. */
INLINE bool cache_push(struct heap *heap, char *p, enum cache_use use) {
    bool shared = use == CACHE_SHARED;
    debug_check(span_of(p) == &span_home);
    if (CACHE_SUM_MAX == 0) return false;
    struct granule *slot = span_slot_home(p);
    uint32_t head = load_relaxed(slot->head), count = head - GRANULE_USED;
    if (unlikely((uintptr_t)p & (GRANULE_BYTES - 1))) return false;
    if (unlikely(count > CACHE_GRANULES_MAX)) return false;
    uint32_t room;
    if (unlikely(__builtin_sub_overflow(heap->cache_room, count, &room))) return false;
    if (config_safety && shared && unlikely(!cas(slot->head, &head, count + GRANULE_CACHED))) return false;
    if (!config_safety || !shared) racy_store(slot->head, racy_load(slot->head) ^ GRANULE_KEEP);
    char *first = load_relaxed(heap->cache[count]);
    do store_relaxed(*cache_link(slot), first);
    while (shared && unlikely(!cas(heap->cache[count], &first, p)));
    if (!shared) racy_store(heap->cache[count], p);
    racy_store(heap->cache_room, room);
    return true;
}

/* The same for a block of more granules, if no other is kept yet. */
INLINE bool cache_keep_medium(struct heap *heap, char *p) {
    debug_check(span_of(p) == &span_home);
    if (RECENT_UNITS_MAX == 0) return false;
    struct granule *slot = span_slot_home(p);
    uint32_t head = load_relaxed(slot->head), count = head - GRANULE_USED;
    if (count <= CACHE_GRANULES_MAX || count > MEDIUM_BYTES_MAX >> GRANULE_SHIFT || load_relaxed(heap->recent_medium) ||
        heap->state != HEAP_LIVE || count > heap->recent_units * GRANULES_PER_UNIT ||
        (uintptr_t)p & (GRANULE_BYTES - 1) || !cas_alone(slot->head, &head, count | GRANULE_CACHED))
        return false;
    store_release(heap->recent_medium, slot);
    return true;
}

/* Keep the large block at `p`, with `unit` its line, if no other is kept yet. */
INLINE bool cache_keep_large(struct heap *heap, struct unit *unit, const char *p) {
    uint8_t seen = UNIT_LARGE;
    if (RECENT_UNITS_MAX == 0 || hardened() || load_relaxed(heap->recent_large) || heap->state != HEAP_LIVE ||
        p != unit->memory || unit->count > heap->recent_units || unlikely(unit->flags & UNIT_SAMPLED) ||
        !cas_alone(unit->kind, &seen, UNIT_LEAVING))
        return false;
    unit->flags &= UNIT_MOVED;
    store_release(heap->recent_large, unit);
    return true;
}

/* Take the recent block if it has exactly the requested size, else give it back. NULL: the levels must serve. */
INLINE struct granule *cache_recent_medium(struct heap *heap, uint32_t count) {
    debug_check(count >= MEDIUM_GRANULES_MIN && heap->state == HEAP_LIVE);
    struct granule *slot = take_recent(heap->recent_medium);
    if (!slot) return NULL;
    if (granule_count(slot) == count) {
        store_relaxed(slot->head, count | GRANULE_USED);
        return slot;
    }
    medium_give(slot);
    return NULL;
}

/* Take the recent block if it has exactly the requested size. It is taken before its size is read, because another
 * thread may take it too. */
INLINE void *cache_recent(struct heap *heap, size_t size) {
    if (RECENT_UNITS_MAX == 0) return NULL;
    if (size <= MEDIUM_BYTES_MAX) {
        struct granule *slot = take_recent(heap->recent_medium);
        uint32_t count = (uint32_t)cache_granules(size);
        if (!slot) return NULL;
        if (likely(granule_count(slot) == count) && likely(--heap->hits_left != 0)) {
            store_relaxed(slot->head, count | GRANULE_USED);
            return span_slot_memory(&span_home, slot);
        }
        store_release(heap->recent_medium, slot);
        return NULL;
    }
    struct unit *unit = take_recent(heap->recent_large);
    if (!unit) return NULL;
    if (likely(unit->count == units_to_hold(size)) && likely(--heap->hits_left != 0)) {
        racy_store(unit->kind, UNIT_LARGE);
        return unit->memory;
    }
    store_release(heap->recent_large, unit);
    return NULL;
}

/* Give the cache back before a level is asked for memory, if level 1 has no dirty units and the cache is a noticeable
 * part of the heap: that lowers the peak, which counts as a program's memory. */
void cache_yield(struct heap *heap);

/* Let the cache keep more, until it is flushed: a block that it had no room for would serve a request. */
void cache_widen(struct heap *heap);

/* Set recent_units to this heap's share, which changes with the number of heaps. */
void cache_share(struct heap *heap);

/* Return what the cache was granted; any thread. */
void cache_return_grant(struct heap *heap);

/* Give all cached blocks of `count` granules back; any thread. Returns how many granules that were. */
uint32_t cache_give_list(struct heap *heap, uint32_t count);

/* Give every cached block back to its level. */
void cache_flush(struct heap *heap);
