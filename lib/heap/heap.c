/* The heap: its slabs' comings and goings. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "base/check.h"
#include "heap/abandoned.h"
#include "heap/cache.h"
#include "heap/fast.h"
#include "span/units.h"

#define EMPTY_BINS \
    { [0 ... CLASS_COUNT - 1] = BLOCK_END }

/* Empty bins, no slabs, a full cache: whatever a thread without a heap does takes the slow path. Never written to. */
struct heap heap_none = {.bin = EMPTY_BINS, .secret = 1, .state = HEAP_NONE};

_Thread_local struct heap *heap_self = &heap_none;

void heap_partial_add(struct heap *heap, struct unit *slab) {
    purged_wait(slab);
    slab_queue_add(&heap->partial[slab->class], slab);
    slab->flags |= UNIT_PARTIAL;
}

void heap_partial_remove(struct heap *heap, struct unit *slab) {
    slab_queue_remove(&heap->partial[slab->class], slab);
    if (slab->flags & UNIT_EMPTY) heap->empty_slabs--;
    slab->flags &= (uint8_t) ~(UNIT_PARTIAL | UNIT_EMPTY);
}

static uint32_t empty_steps; /* that the heaps have in all; atomic */

void heap_widen_empty(struct heap *heap) {
    if (heap_empty_max(heap) == EMPTY_SLABS_MAX) return;
    if (__atomic_add_fetch(&empty_steps, 1, __ATOMIC_RELAXED) <= EMPTY_STEPS_OF_ALL)
        heap->empty_steps++;
    else
        __atomic_sub_fetch(&empty_steps, 1, __ATOMIC_RELAXED);
}

static void narrow_empty(struct heap *heap) {
    if (heap->empty_steps > 0) __atomic_sub_fetch(&empty_steps, heap->empty_steps, __ATOMIC_RELAXED);
    heap->empty_steps = heap->empty_refused = 0;
}

void heap_slab_empty(struct unit *slab, struct heap *heap) {
    if (heap->attached[slab->class] == slab) {
        slab->used_blocks = heap->returns;
        heap_count_run(heap);
        return;
    }
    if (!(slab->flags & UNIT_PARTIAL)) return; /* current: its next blocks come from it anyway */
    if (slab->flags & UNIT_EMPTY) check_misuse("free", slab->free, "is already free");
    if (heap->empty_slabs < heap_empty_max(heap)) {
        slab->flags |= UNIT_EMPTY;
        heap->empty_slabs++;
        return;
    }
    heap->empty_refused = slab->class;
    heap_partial_remove(heap, slab);
    if (heap->extra_slabs[slab->class] > 0) heap->extra_slabs[slab->class]--;
    slab_give(slab, heap->secret);
    heap_count_given(heap);
}

void heap_disown(struct unit *slab) {
    do {
        owner_collect(slab, heap_secret());
        if (slab->used_blocks == 0) {
            slab_give(slab, heap_secret());
            return;
        }
    } while (slab->free != BLOCK_END || slab_uncarved(slab) > 0 ? !abandoned_put(slab) : !owner_leave_full(slab));
}

/* One turn at the abandoned list's lock for all of them. */
void heap_disown_partial(struct heap *heap, uint32_t class, uint32_t count) {
    struct unit *first = NULL, **end = &first;
    for (uint32_t i = 0; i < count; i++) {
        struct unit *slab = heap->partial[class].first;
        heap_partial_remove(heap, slab);
        owner_collect(slab, heap->secret);
        if (slab->used_blocks == 0) {
            slab_give(slab, heap->secret);
            continue;
        }
        *end = slab;
        end = &slab->next;
    }
    abandoned_put_all(class, first);
}

/* A bin's own blocks go to the slab in the order they have; the adopted blocks come before `adopted blocks`, without
 * keys. Returns the first. */
static struct block *spill_bin(struct heap *heap, uint32_t class, struct block *adopted) {
    struct unit *slab = heap->current[class];
    struct block *first = BLOCK_END, *last = NULL;
    while (heap->bin[class] != BLOCK_END) {
        struct block *block = heap_unbin(heap, class);
        if (heap_is_adopted(slab, block)) {
            block_clear(block);
            block->next = adopted;
            adopted = block;
            continue;
        }
        if (unlikely(slab->used_blocks-- == 0)) check_misuse("free", block, "is already free"); /* a loop */
        if (!last)
            first = block;
        else if (last->next != block)
            block_link(last, block, heap->secret);
        last = block;
    }
    if (!last) return adopted;
    block_link(last, slab->free, heap->secret);
    slab->free = first;
    return adopted;
}

/* In two steps: in a fork's child the first free may have a lost thread's slab counted, and an adopted block with a key
 * would count as one of its free blocks. */
void heap_spill(struct heap *heap) {
    struct block *adopted = NULL;
    narrow_empty(heap);
    memset(heap->adopt_budget, 0, sizeof(heap->adopt_budget));
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        heap_detach_slab(heap, class);
        if (heap->bin[class] != BLOCK_END) adopted = spill_bin(heap, class, adopted);
    }
    for (struct block *next; adopted; adopted = next) {
        next = adopted->next;
        heap_free_slow(adopted, heap);
    }
}

static void flush_empty(struct heap *heap) {
    for (uint32_t class = 1; class < CLASS_COUNT && heap->empty_slabs > 0; class ++) {
        for (struct unit *slab = heap->partial[class].first, *next; slab; slab = next) {
            next = slab->next;
            if (!(slab->flags & UNIT_EMPTY)) continue;
            heap_partial_remove(heap, slab);
            slab_give(slab, heap->secret);
        }
    }
}

void heap_flush(struct heap *heap) {
    cache_flush(heap);
    flush_empty(heap);
}

STARTUP_TEXT void heap_yield(struct heap *heap) {
    if (unlikely(heap->empty_slabs > EMPTY_SLABS_MIN) && load_relaxed(units.dirty_units) == 0) {
        narrow_empty(heap);
        flush_empty(heap);
    }
    cache_yield(heap);
}
