/* The verifier, heaps: bins, partial and empty slabs, the medium cache. */
/* SPDX-License-Identifier: MIT */
#include "heap/bin.h"
#include "heap/cache.h"
#include "heap/heap.h"
#include "inspect/slab_map.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"

typedef bool heap_holds(const struct heap *heap);

static bool all_heaps(heap_holds *holds) {
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (heap_is_readable(heap) && !holds(heap)) return false;
    }
    return true;
}

static bool is_slab_of(const struct unit *slab, const struct heap *heap, uint32_t class) {
    return slab->kind == UNIT_SLAB && slab->class == class && slab->owner == heap &&
           load_acquire(slab->remote) & REMOTE_OWNED;
}

static bool open_holds(const struct heap *heap, uint32_t class) {
    const struct unit *attached = heap->classes[class].attached;
    if (!attached) return heap->bin[class] == BLOCK_END;
    if (heap->sample.rate && !(attached->flags & UNIT_ATTACHED)) return attached == heap->classes[class].current;
    return attached == heap->classes[class].current && attached->flags & UNIT_ATTACHED &&
           attached->bin == heap_bin_of(class, heap) && attached->free == BLOCK_END && attached->returns_left > 0 &&
           attached->returns_left <= RETURNS_FRESH;
}

/* True when a class's bin is sound. slab_map_fill() checks its blocks, adopted ones with their own slabs. */
static bool bin_holds(const struct heap *heap, uint32_t class) {
    const struct unit *slab = heap->classes[class].current;
    if (!open_holds(heap, class)) return false;
    if (!slab) return true;
    struct slab_map map;
    return class != 0 && is_slab_of(slab, heap, class) && !(slab->flags & UNIT_PARTIAL) && slab_map_fill(&map, slab);
}

static uint32_t slabs_flagged(const struct heap *heap, uint8_t flag) {
    uint32_t count = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk))
        count += walk.line->kind == UNIT_SLAB && walk.line->owner == heap && walk.line->flags & flag;
    return count;
}

static bool bins_hold(const struct heap *heap) {
    uint32_t open = 0;
    if (heap->secret != heap_secret()) return false;
    for (uint32_t class = 0; class < CLASS_COUNT; ++class) {
        if (!bin_holds(heap, class)) return false;
        const struct unit *attached = heap->classes[class].attached;
        open += attached && attached->flags & UNIT_ATTACHED;
    }
    return open == slabs_flagged(heap, UNIT_ATTACHED);
}

COLD bool verify_bins(void) {
    return all_heaps(bins_hold);
}

/* True when a partial slab can refill a bin: it has free blocks, remote frees, or room to carve. */
static bool is_worth_waiting(const struct unit *slab) {
    return slab->flags & UNIT_PARTIAL &&
           (slab->free != BLOCK_END || remote_count(load_acquire(slab->remote)) > 0 || slab_uncarved(slab) > 0);
}

static bool queues_hold(const struct heap *heap) {
    uint32_t left = slabs_flagged(heap, UNIT_PARTIAL);
    for (uint32_t class = 0; class < CLASS_COUNT; ++class) {
        const struct unit *prev = NULL;
        size_t count = 0;
        for (const struct unit *slab = heap->classes[class].partial.first; slab;
             prev = slab, slab = slab->next, count++) {
            if (left-- == 0 || slab->prev != prev) return false;
            if (!is_slab_of(slab, heap, class) || !is_worth_waiting(slab)) return false;
        }
        if (heap->classes[class].partial.last != prev || heap->classes[class].partial.count != count) return false;
    }
    return left == 0;
}

COLD bool verify_partial(void) {
    return all_heaps(queues_hold);
}

static bool empty_hold(const struct heap *heap) {
    uint32_t empty = 0;
    for (uint32_t class = 0; class < CLASS_COUNT; ++class) {
        for (const struct unit *slab = heap->classes[class].partial.first; slab; slab = slab->next) {
            if (!(slab->flags & UNIT_EMPTY)) continue;
            if (slab->used_blocks != 0) return false;
            empty++;
        }
    }
    return empty == heap->empty_slabs && (config_bounded || empty <= EMPTY_SLABS_MAX) &&
           empty == slabs_flagged(heap, UNIT_EMPTY);
}

COLD bool verify_empty(void) {
    return all_heaps(empty_hold);
}

static uint32_t blocks_cached; /* in the heaps checked so far; nobody else runs the verifier */

static bool cache_holds(const struct heap *heap) {
    uint32_t sum = 0;
    for (uint32_t count = 0; count < CACHE_LISTS; count++) {
        for (char *p = heap->cache[count]; p; p = *cache_link(span_slot(&span_home, p))) {
            if (span_of(p) != &span_home) return false;
            if (span_slot(&span_home, p)->head != (count | GRANULE_CACHED)) {
                return false;
            }
            if (count < MEDIUM_GRANULES_MIN || (sum += count) > CACHE_SUM_MAX) return false;
            blocks_cached++;
        }
    }
    const struct granule *recent = heap->recent_medium;
    if (recent && (granule_state(recent) != GRANULE_CACHED || granule_count(recent) <= CACHE_GRANULES_MAX))
        return false;
    blocks_cached += recent != NULL;
    return sum + heap->stolen + heap->cache_room == heap->cache_max &&
           (!heap->recent_large || heap->recent_large->kind == UNIT_LEAVING);
}

static uint32_t blocks_that_say_so(void) {
    uint32_t count = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_MEDIUM) continue;
        struct medium_walk block = {0};
        while (medium_walk_next(&walk, &block)) count += block.state == GRANULE_CACHED;
    }
    return count;
}

COLD bool verify_cache(void) {
    blocks_cached = 0;
    if (!all_heaps(cache_holds)) return false;
    /* What a lost thread was freeing may stay cached for ever. */
    return inspect_has_lost() ? blocks_that_say_so() >= blocks_cached : blocks_that_say_so() == blocks_cached;
}

static bool has_nothing(const struct heap *heap) {
    if (heap->secret == 0) return true; /* never used: all zero, but for its state */
    for (uint32_t class = 0; class < CLASS_COUNT; ++class) {
        if (heap->bin[class] != BLOCK_END || heap->classes[class].current || heap->classes[class].partial.first)
            return false;
    }
    return heap->cache_room + heap->stolen == heap->cache_max && heap->empty_slabs == 0 && !heap->recent_medium &&
           !heap->recent_large;
}

COLD bool verify_parked(void) {
    uint32_t left = 1;
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) left++;
    left += 64 * UNIT_BYTES / HEAP_AREA_BYTES; /* cut from units (several threads at once), never used yet */
    for (const struct heap *heap = load_acquire(heaps.parked); heap; heap = heap->next_parked) {
        if (left-- == 0 || heap->state != HEAP_PARKED || !has_nothing(heap)) return false;
    }
    return true;
}

COLD bool verify_shares(void) {
    uint32_t live = 0, granted = 0;
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        live += heap->state == HEAP_LIVE;
        granted += heap->granted;
        if (heap->granted > heap->cache_max) return false;
    }
    return live == heaps.live && granted == heaps.granted;
}
