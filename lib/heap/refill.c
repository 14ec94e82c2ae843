/* Filling an empty bin: memory that was touched before comes first, what is carved or new comes last.
 *
 *   1 the current slab's free list, its remote list    2 the waiting slabs    3 an orphan
 *   4 the current slab's next page                     5 a new slab */
#include "heap/refill.h"
#include "heap/fork.h"
#include "heap/orphans.h"

enum { WAITING_TRIES = 4 };

/* All blocks of a slab that can be handed out now. */
static struct block *take_list(struct unit *slab, uintptr_t secret) {
    if (slab->free == BLOCK_END) owner_collect(slab, secret);
    struct block *list = slab->free;
    slab->free = BLOCK_END;
    slab->used_blocks = slab->carved_blocks;
    return list;
}

static struct block *carve_list(struct unit *slab, uintptr_t secret) {
    struct block *list = slab_carve(slab, secret);
    slab->used_blocks = slab->carved_blocks;
    return list;
}

/* Let `slab` be the class's current one; the former waits if it has room, and has no owner if it is full. */
static void make_current(struct heap *heap, uint32_t class, struct unit *slab) {
    struct unit *old = heap->current[class];
    heap->current[class] = slab;
    if (old && (slab_uncarved(old) > 0 || !owner_leave_full(old))) heap_wait(heap, old);
}

static struct block *from_waiting(struct heap *heap, uint32_t class) {
    for (int i = 0; i < WAITING_TRIES; i++) {
        struct unit *slab = heap->waiting[class].first;
        if (!slab) return BLOCK_END;
        heap_unwait(heap, slab);
        struct block *list = take_list(slab, heap->secret);
        if (list != BLOCK_END || slab_uncarved(slab) > 0) {
            make_current(heap, class, slab);
            return list;
        }
        if (!owner_leave_full(slab)) heap_wait(heap, slab);
    }
    return BLOCK_END;
}

static struct block *from_orphans(struct heap *heap, uint32_t class) {
    struct unit *slab = orphans_take(class);
    if (!slab) return BLOCK_END;
    racy_store(slab->owner, heap);
    struct block *list = take_list(slab, heap->secret);
    make_current(heap, class, slab);
    return list;
}

bool heap_refill(struct heap *heap, uint32_t class) {
    struct unit *slab = heap->current[class];
    struct block *list = slab ? take_list(slab, heap->secret) : BLOCK_END;
    heap->fresh &= ~(UINT64_C(1) << class);
    if (list == BLOCK_END) list = from_waiting(heap, class);
    if (list == BLOCK_END) list = from_orphans(heap, class);
    if (list == BLOCK_END) {
        slab = heap->current[class];
        if (!slab || slab_uncarved(slab) == 0) {
            if (unlikely(heaps.lost)) fork_salvage_some(heap);
            slab = slab_take(class, heap);
            if (unlikely(!slab)) return false;
            make_current(heap, class, slab);
        }
        list = carve_list(slab, heap->secret);
        if (slab->flags & UNIT_CLEAN) heap->fresh |= UINT64_C(1) << class;
    }
    heap->bin[class] = list;
    return true;
}
