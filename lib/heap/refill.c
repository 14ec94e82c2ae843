/* Filling an empty bin: memory that was touched before comes first, what is carved or new comes last.
 *
 *   1 the current slab's free list, its remote list    2 the partial slabs, unless they are sparse
 *   3 an abandoned slab    4 the current slab's next page    5 a new slab */
/* SPDX-License-Identifier: MIT */
#include "heap/refill.h"
#include "base/probe.h"
#include "heap/abandon.h"
#include "heap/empty.h"
#include "heap/recover_sweep.h"
#include "heap/sample.h"
#include "span/medium_purge.h"
#include "span/units.h"

enum { PARTIAL_TRIES = 4 };

/* Take all blocks of a slab that can be handed out now; its count changes when they are in the bin. If other threads
 * have freed into it, adopting is enabled, as this heap probably frees into their slabs, too. */
STARTUP_TEXT static struct block *take_list(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    if (slab->free == BLOCK_END && owner_collect(slab, heap->secret) > 0) {
        heap_adopt_enable(heap, slab->class);
        heap->classes[slab->class].exchanges = true;
    }
    struct block *list = slab->free;
    slab->free = BLOCK_END;
    return list;
}

static STARTUP_TEXT struct block *from_partial(struct heap *heap, uint32_t class) {
    debug_check(heap->bin[class] == BLOCK_END && !heap->classes[class].attached);
    for (int i = 0; i < PARTIAL_TRIES; i++) {
        struct unit *slab = heap->classes[class].partial.first;
        if (!slab) return BLOCK_END;
        partial_remove(heap, slab);
        struct block *list = take_list(heap, slab);
        if (list != BLOCK_END || slab_uncarved(slab) > 0) {
            refill_make_current(heap, class, slab);
            return list;
        }
        if (!owner_leave_full(slab)) partial_add(heap, slab);
    }
    return BLOCK_END;
}

/* Leave up to half of the class's partial slabs, those that have gathered longest, to the abandoned slabs: another heap
 * had to take a new slab, and this one has many. Otherwise the heap that happens to own more slabs gets more of what
 * all threads free, needs no more than before, and so owns ever more; the other's new slabs become full, and half of
 * them this one's, too. Where nobody frees what others allocated nothing is shared: the slabs would be in the other
 * processor's cache. */
static void share(struct heap *heap, uint32_t class) {
    debug_check(heap->classes[class].exchanges && !lock_is_mine(&abandoned[class].lock));
    struct size_class *of = &heap->classes[class];
    if (of->share_to == 0) of->share_to = policy_share_to(of->partial.count);
    size_t surplus = of->partial.count > of->share_to ? of->partial.count - of->share_to : 0;
    abandon_partial(heap, class, surplus < SHARED_SLABS_MAX ? (uint32_t)surplus : SHARED_SLABS_MAX);
    if (of->partial.count > of->share_to) return;
    of->share_to = 0;
    of->exchanges = false;
    store_relaxed(abandoned[class].wanting, NULL);
}

/* Ask for slabs, as there was none with blocks, neither here nor abandoned. The first time another heap is asked to
 * share; if none has done so since, this heap adopts the blocks of others that it frees, for it will need them. Not a
 * heap that frees none: its adopted blocks would keep slabs for as long as its thread sleeps. */
static void want(struct heap *heap, uint32_t class) {
    debug_check(load_relaxed(heaps.threaded));
    if (load_relaxed(abandoned[class].wanting) && heap->classes[class].remote_frees > 0) heap_adopt_enable(heap, class);
    store_relaxed(abandoned[class].wanting, heap);
}

static struct block *from_abandoned(struct heap *heap, uint32_t class) {
    debug_check(heap->bin[class] == BLOCK_END && !heap->classes[class].attached);
    struct unit *slab = abandoned_take(class, heap);
    if (!slab) return BLOCK_END;
    for (struct unit *more = slab->next, *next; more; more = next) {
        next = more->next;
        owner_collect(more, heap->secret);
        partial_add(heap, more);
    }
    slab->next = NULL;
    struct block *list = take_list(heap, slab);
    refill_make_current(heap, class, slab);
    return list;
}

/* Give what this heap and level 2 keep to level 1 before a new slab is taken, if level 1 has no dirty units. */
static void reuse_kept(struct heap *heap) {
    debug_check(!lock_is_mine(&medium.lock) && !lock_is_mine(&units.lock));
    heap_yield(heap);
    if (load_relaxed(units.dirty_units) == 0 && load_relaxed(medium.dirty_granules) >= GRANULES_PER_UNIT) medium_shed();
}

/* True when the partial slabs are sparse and the class may have an extra slab. */
static bool wants_extra_slab(struct size_class *of) {
    if (likely(of->sparse_refills <= SPARSE_REFILLS_MAX)) return false;
    of->sparse_refills = 0;
    return policy_wants_extra(of);
}

/* Make a new slab the current one; false: no memory. */
static bool take_new(struct heap *heap, uint32_t class, bool extra) {
    debug_check(heap->bin[class] == BLOCK_END && !heap->classes[class].attached);
    if (unlikely(heaps.left_by_fork)) recover_sweep_step(heap);
    reuse_kept(heap);
    if (!extra && load_relaxed(heaps.threaded)) want(heap, class);
    if (unlikely(heap->empty_refused == class)) empty_widen(heap);
    struct unit *slab = slab_take(class, heap);
    if (unlikely(!slab)) return false;
    refill_make_current(heap, class, slab);
    heap->classes[class].extra_slabs += extra;
    return true;
}

/* True when the current slab has blocks that were never carved, or whose pages were purged. */
static bool can_carve(const struct size_class *of) {
    return of->current && slab_uncarved(of->current) > 0;
}

INLINE struct block *fill_sampled(struct heap *heap, size_t class) {
    debug_check(heap->sample.rate > 0 && !config_bounded);
    struct size_class *of = &heap->classes[class];
    struct unit *slab = of->partial.first;
    if (unlikely(!slab || !of->current || heap->bin[class] != BLOCK_END)) return NULL;
    heap_close_bin(heap, class); /* first: the frees that have not come are taken off */
    uint32_t have = (uint32_t)(slab->resident_blocks - slab->used_blocks);
    struct block *block = slab->free;
    if (!sample_is_far(of, slab, have) || !refill_may(class, heap, slab, block)) return NULL;
    heap->slow_left--;
    partial_remove_first(heap, &of->partial, slab);
    refill_replace(heap, of, slab);
    sample_fill_far(heap, class, slab, block, have);
    heap->bin[class] = block->next;
    block_clear(block);
    return block;
}

struct block *refill_sampled(struct heap *heap, size_t class) {
    return fill_sampled(heap, class);
}

STARTUP_TEXT void *refill_or_call(size_t size, struct heap *heap, size_t class, heap_alloc_wide *last) {
    struct block *block = sample_ticks_later(heap) ? fill_sampled(heap, class) : NULL;
    return likely(block) ? block : last(size, heap);
}

STARTUP_TEXT bool heap_refill(struct heap *heap, uint32_t class) {
    debug_check(class > 0 && class < CLASS_COUNT && heap->bin[class] == BLOCK_END);
    debug_check(heap->state == HEAP_LIVE);
    struct size_class *of = &heap->classes[class];
    heap_close_bin(heap, class);
    struct block *list = of->current ? take_list(heap, of->current) : BLOCK_END;
    uint8_t returns = heap->returns;
    if (unlikely(refill_is_wanted(heap, class))) share(heap, class);
    bool extra = wants_extra_slab(of);
    if (list == BLOCK_END && !extra) list = from_partial(heap, class);
    if (list == BLOCK_END) list = from_abandoned(heap, class);
    if (list == BLOCK_END && !can_carve(of) && !take_new(heap, class, extra)) {
        if (extra) list = from_partial(heap, class);
        if (list == BLOCK_END && !can_carve(of)) return false;
    }
    struct unit *slab = of->current;
    if (list == BLOCK_END) {
        list = slab_carve(slab, heap->secret);
        if (slab->flags & UNIT_CLEAN) returns = RETURNS_FRESH;
    }
    if (unlikely(heap->sample.rate)) {
        sample_fill(heap, class, slab, list);
        PROBE_2(refill, slab->block_bytes, slab->memory);
        return true;
    }
    heap->bin[class] = list;
    heap_attach_slab(heap, class, slab, returns);
    PROBE_2(refill, slab->block_bytes, slab->memory);
    return true;
}
