/* Filling an empty bin: memory that was touched before comes first, what is carved or new comes last.
 *
 *   1 the current slab's free list, its remote list    2 the partial slabs, unless they are sparse    3 an abandoned
 * slab 4 the current slab's next page                     5 a new slab */
/* SPDX-License-Identifier: MIT */
#include "heap/refill.h"
#include "heap/disown.h"
#include "heap/empty.h"
#include "heap/salvage.h"
#include "span/units.h"

enum {
    PARTIAL_TRIES = 4,
    SHARED_MAX = 16, /* slabs */
};

/* All blocks of a slab that can be handed out now. Where others free into this heap's slabs, it may as well free into
 * theirs. */
static struct block *take_list(struct heap *heap, struct unit *slab) {
    if (slab->free == BLOCK_END && owner_collect(slab, heap->secret) > 0) {
        heap_adopt_enable(heap, slab->class);
        heap->exchanges[slab->class] = true;
    }
    struct block *list = slab->free;
    slab->free = BLOCK_END;
    slab->used_blocks = slab->resident_blocks;
    return list;
}

static STARTUP_TEXT struct block *from_partial(struct heap *heap, uint32_t class) {
    for (int i = 0; i < PARTIAL_TRIES; i++) {
        struct unit *slab = heap->partial[class].first;
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

/* Another heap had to take a new slab, and this one needs a slab and has many: it leaves up to half of them to the
 * abandoned slabs, those that have gathered longest. Otherwise the heap that happens to own more of the slabs gets more
 * of what all free, needs no more than before, and so owns ever more; the other's new slabs become full, and half of
 * them its too. Where nobody frees what others allocated there is nothing to share: the slabs would be in the other
 * processor's cache. */
static void share(struct heap *heap, uint32_t class) {
    struct slab_queue *queue = &heap->partial[class];
    if (heap->share_to[class] == 0) heap->share_to[class] = (uint32_t)(queue->count / 2) + 1;
    size_t surplus = queue->count > heap->share_to[class] ? queue->count - heap->share_to[class] : 0;
    disown_partial(heap, class, surplus < SHARED_MAX ? (uint32_t)surplus : SHARED_MAX);
    if (queue->count > heap->share_to[class]) return;
    heap->share_to[class] = 0;
    heap->exchanges[class] = false;
    store_relaxed(abandoned[class].wanting, NULL);
}

/* There was no slab with blocks, neither here nor among the abandoned. The first time another heap is asked to share;
 * when none has done so since, the blocks of others that this one frees become adopted, for it will need just these.
 * Not of a heap that frees none: what it hosts would keep slabs for as long as its thread sleeps. */
static void want(struct heap *heap, uint32_t class) {
    if (load_relaxed(abandoned[class].wanting) && heap->remote_frees[class] > 0) heap_adopt_enable(heap, class);
    store_relaxed(abandoned[class].wanting, heap);
}

static struct block *from_abandoned(struct heap *heap, uint32_t class) {
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

/* A new slab is about to be taken: what this heap and level 2 keep goes to level 1 first, when that has nothing that
 * was touched. */
static void reuse_kept(struct heap *heap) {
    heap_yield(heap);
    if (load_relaxed(units.dirty_units) == 0 && load_relaxed(medium.dirty_granules) >= GRANULES_PER_UNIT) medium_shed();
}

/* Slabs wait, but they are sparse, and there is room for one more. */
static bool wants_extra_slab(struct heap *heap, uint32_t class) {
    if (likely(heap->sparse_refills[class] <= SPARSE_REFILLS_MAX)) return false;
    heap->sparse_refills[class] = 0;
    return heap->extra_slabs[class] < heap->partial[class].count / EXTRA_PART;
}

/* Make a new slab the current one; false: no memory. */
static bool take_new(struct heap *heap, uint32_t class, bool extra) {
    if (unlikely(heaps.left_by_fork)) salvage_some(heap);
    reuse_kept(heap);
    if (!extra && load_relaxed(heaps.threaded)) want(heap, class);
    if (unlikely(heap->empty_refused == class)) empty_widen(heap);
    struct unit *slab = slab_take(class, heap);
    if (unlikely(!slab)) return false;
    refill_make_current(heap, class, slab);
    heap->extra_slabs[class] += extra;
    return true;
}

/* The current slab has blocks that were never carved, or whose pages were purged. */
static bool can_carve(const struct heap *heap, uint32_t class) {
    const struct unit *slab = heap->current[class];
    return slab && slab_uncarved(slab) > 0;
}

STARTUP_TEXT bool heap_refill(struct heap *heap, uint32_t class) {
    debug_check(class > 0 && class < CLASS_COUNT && heap->bin[class] == BLOCK_END);
    debug_check(heap->state == HEAP_LIVE);
    heap_detach_slab(heap, class);
    struct block *list = heap->current[class] ? take_list(heap, heap->current[class]) : BLOCK_END;
    uint8_t returns = heap->returns;
    if (unlikely(refill_is_wanted(heap, class))) share(heap, class);
    bool extra = wants_extra_slab(heap, class);
    if (list == BLOCK_END && !extra) list = from_partial(heap, class);
    if (list == BLOCK_END) list = from_abandoned(heap, class);
    if (list == BLOCK_END && !can_carve(heap, class) && !take_new(heap, class, extra)) {
        if (extra) list = from_partial(heap, class);
        if (list == BLOCK_END && !can_carve(heap, class)) return false;
    }
    struct unit *slab = heap->current[class];
    if (list == BLOCK_END) {
        list = slab_carve(slab, heap->secret);
        if (slab->flags & UNIT_CLEAN) returns = RETURNS_FRESH;
    }
    heap->bin[class] = list;
    heap_attach_slab(heap, class, slab, returns);
    return true;
}
