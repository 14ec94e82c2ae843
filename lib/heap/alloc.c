/* Allocation beyond the fast path, of a live heap. */
/* SPDX-License-Identifier: MIT */
#include "heap/alloc.h"
#include "base/probe.h"
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/bounded.h"
#include "heap/cache.h"
#include "heap/empty.h"
#include "heap/pace.h"
#include "heap/redzone.h"
#include "heap/refill.h"
#include "span/units.h"
#include "span/unmapped.h"
#include "span/zero.h"

/* A medium block in the bounded build. */
static struct granule *medium_bounded(struct heap *heap, uint32_t count) {
    debug_check(count > 0 && !lock_is_mine(&medium.lock));
    struct granule *slot = medium_take_found(count);
    if (slot || !bounded_has_units(heap, (count + GRANULES_PER_UNIT - 1) / GRANULES_PER_UNIT)) return slot;
    return medium_take_new(count);
}

/* A large block; in the hardened build the unit behind it is not mapped, while memory is plentiful. */
static struct unit *alloc_large_take(uint32_t count, enum alloc_room room) {
    if (room == ALLOC_ROOMY) {
        struct unit *unit = units_take_dirty(count, UNIT_LARGE);
        return unit ? unit : units_take_top(count, UNIT_LARGE);
    }
    if (!hardened() || load_relaxed(heaps.reuses_at_once)) return units_take(count, UNIT_LARGE);
    struct unit *unit = units_take(count + 1, UNIT_LARGE);
    if (!unit) return units_take(count, UNIT_LARGE);
    unmapped_guard(unit, count);
    return unit;
}

static void *large(struct heap *heap, size_t size, enum alloc_fill fill, enum alloc_room room) {
    debug_check(size > CLASS_BYTES_MAX && heap->state == HEAP_LIVE);
    if (unlikely(alloc_never_fits(size))) return NULL;
    uint32_t count = (uint32_t)units_to_hold(size);
    struct unit *unit = config_bounded ? NULL : take_recent(heap->recent_large);
    if (unit) {
        if (unit->count == count) {
            store_relaxed(unit->kind, UNIT_LARGE);
            if (fill == ALLOC_ZEROED) zero_large(unit->memory, size);
            PROBE_2(large_alloc, unit->memory, size);
            return unit->memory;
        }
        units_give(unit);
    }
    if (config_bounded && !bounded_has_units(heap, count)) return NULL;
    unit = alloc_large_take(count, room);
    if (unlikely(!unit)) return NULL;
    if (fill == ALLOC_ZEROED && !(unit->flags & UNIT_CLEAN)) zero_large(unit->memory, size);
    PROBE_2(large_alloc, unit->memory, size);
    return unit->memory;
}

/* Widen the cache when a block that it had no room for would serve this request, or when it has hardly any room yet, as
 * in a thread's new heap. */
static void widen(struct heap *heap, uint32_t count) {
    debug_check(heap->cache_refused > 0);
    if (!policy_was_refused(heap->cache_refused, count) && heap->cache_max >= CACHE_SUM_MIN) return;
    if (load_relaxed(heaps.threaded)) heap->cache_refused = 0;
    cache_widen(heap);
}

/* A block of level 2: the one freed last, one that is ready, or one for which level 1 may have to give units. */
static struct granule *medium_find(struct heap *heap, uint32_t count, enum alloc_room room) {
    debug_check(count > 0 && !lock_is_mine(&medium.lock));
    if (config_bounded) return medium_bounded(heap, count);
    if (unlikely(heap->cache_refused) && room == ALLOC_TIGHT) widen(heap, count);
    struct granule *slot = cache_recent_medium(heap, count);
    if (!slot && room == ALLOC_TIGHT) slot = medium_take_ready(count);
    if (likely(slot)) return slot;
    heap_yield(heap);
    return room == ALLOC_ROOMY ? medium_take_roomy(count) : medium_take(count, 1);
}

static void *medium_block(struct heap *heap, size_t size, enum alloc_fill fill, enum alloc_room room) {
    debug_check(size > CLASS_BYTES_MAX && size <= MEDIUM_BYTES_MAX);
    struct granule *slot = medium_find(heap, (uint32_t)cache_granules(size), room);
    if (unlikely(!slot)) return NULL;
    bool clean = slot->head & GRANULE_ZERO;
    store_relaxed(slot->head, slot->head & ~(uint32_t)GRANULE_ZERO); /* the caller will write to it */
    void *p = span_slot_memory(span_of_slot(slot), slot);
    if (fill == ALLOC_ZEROED && !clean) memset(p, 0, size);
    return p;
}

/* Count a slow path after the cache has served for a while without one; then it may go on. */
STARTUP_TEXT static NOINLINE void *resume(struct heap *heap, size_t size, enum alloc_room room) {
    debug_check(heap->hits_left == 0 && heap->returns > 0);
    heap->hits_left = heap->returns;
    if (CACHE_SUM_MAX > 0 && unlikely(load_relaxed(heap->stolen) > 0)) cache_flush(heap);
    pace_run(heap);
    return size <= CACHE_BYTES_MAX && room == ALLOC_TIGHT ? cache_take(heap, cache_granules(size)) : NULL;
}

STARTUP_TEXT void *alloc_wide(struct heap *heap, size_t size, enum alloc_fill fill, enum alloc_room room) {
    debug_check(heap->state == HEAP_LIVE && size <= ALLOC_BYTES_MAX);
    if (!config_bounded && unlikely(heap->hits_left == 0)) {
        void *p = resume(heap, size, room);
        if (p) return fill == ALLOC_ZEROED ? memset(p, 0, size) : p;
    } else {
        pace_slow(heap);
    }
    if (size <= MEDIUM_BYTES_MAX) {
        void *p = medium_block(heap, size, fill, room);
        if (likely(p) || config_bounded) return p; /* level 1 has just said no to as many units */
    }
    return large(heap, size, fill, room);
}

/* Pop the first block of a bin that is not empty. */
static void *pop(struct heap *heap, uint32_t class) {
    debug_check(heap->bin[class] != BLOCK_END);
    struct block *block = heap_unbin(heap, class);
    block_clear(block);
    return block;
}

INLINE bool can_lend(uint32_t lender, uint32_t align) {
    uint32_t bytes = class_shapes[lender].block_bytes;
    return (bytes & -bytes) >= align;
}

/* The class that lends to a class of `bytes`, and to all others between its own size and half of it: the next 112 << k,
 * or the next power of two where that is not aligned enough. 0: such blocks are too small, or too large. */
static uint32_t common_lender(uint32_t bytes, uint32_t align) {
    debug_check(is_power_of_two(align));
    uint32_t lent = LENT_BYTES_MIN;
    while (lent <= bytes) lent *= 2;
    if (lent > LENT_BYTES_MAX || lent > 2 * bytes) return 0;
    if ((lent & -lent) < align) lent = 2u << bit_high(bytes);
    return (uint32_t)class_of(lent);
}

/* Find a larger class that has blocks in its bin; or, if there are several heaps and the class has no abandoned slab,
 * refill one. With one heap that would save a few pages where sizes are hardly used, and cost as many where they are.
 * 0: there is none. */
static uint32_t find_lender(struct heap *heap, uint32_t class, uint32_t align) {
    debug_check(heap->bin[class] == BLOCK_END && is_power_of_two(align));
    uint32_t bytes = class_shapes[class].block_bytes, lender;
    uint32_t end = 2 * bytes < CLASS_BYTES_MAX ? (uint32_t)class_of(2 * bytes + 1) : CLASS_COUNT;
    if (config_bounded && end > class + LENDERS_MAX) end = class + LENDERS_MAX;
    for (lender = class + 1; lender < end; lender++)
        if (heap->bin[lender] != BLOCK_END && can_lend(lender, align)) return lender;
    if (!policy_exchanges() || !load_relaxed(heaps.threaded) || load_relaxed(abandoned[class].queue.first)) return 0;
    lender = common_lender(bytes, align);
    return lender > 0 && heap_refill(heap, lender) ? lender : 0;
}

/* A request of exactly the class's size may rely on the class's alignment. */
static uint32_t alloc_align(uint32_t class, size_t size) {
    uint32_t bytes = class_shapes[class].block_bytes;
    return size == bytes ? bytes & -bytes : BLOCK_ALIGN_BYTES;
}

/* Serve the first few blocks of a class without a slab from a larger class, so that a size that is hardly used costs no
 * page. */
static void *borrow(struct heap *heap, uint32_t class, size_t size) {
    debug_check(policy_borrows(&heap->classes[class]));
    uint32_t lender = find_lender(heap, class, alloc_align(class, size));
    if (lender == 0) return NULL;
    heap->classes[class].borrowed++;
    return pop(heap, lender);
}

STARTUP_TEXT static NOINLINE void *alloc_small(struct heap *heap, uint32_t class, size_t size, enum alloc_zones zones) {
    debug_check(class > 0 && class < CLASS_COUNT && size <= class_shapes[class].block_bytes);
    if (heap->bin[class] == BLOCK_END) {
        pace_slow(heap);
        if (!heap->classes[class].current) {
            void *p = zones == ALLOC_ZONED ? redzone_try(heap, size, &heap->classes[class].zoned, ALLOC_ANYHOW) : NULL;
            if (!p && policy_borrows(&heap->classes[class])) p = borrow(heap, class, size);
            if (p) return p;
        }
        if (config_bounded) return bounded_refill(heap, class, alloc_align(class, size), BOUNDED_IF_POSSIBLE);
        if (unlikely(!heap_refill(heap, class))) return NULL;
    }
    return pop(heap, class);
}

STARTUP_TEXT void *alloc_live(struct heap *heap, size_t size, enum alloc_zones zones) {
    debug_check(heap->state == HEAP_LIVE);
    if (likely(size <= CLASS_BYTES_MAX)) return alloc_small(heap, (uint32_t)class_of(size + (size == 0)), size, zones);
    if (unlikely(size > ALLOC_BYTES_MAX)) return NULL;
    void *p = zones == ALLOC_ZONED && size <= REDZONE_BYTES_MAX ? redzone_try_wide(heap, size, ALLOC_ANYHOW) : NULL;
    if (unlikely(p)) return p;
    return alloc_wide(heap, size, ALLOC_ANYHOW, ALLOC_TIGHT);
}
