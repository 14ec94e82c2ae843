/* The empty slabs that a heap keeps. */
/* SPDX-License-Identifier: MIT */
#include "heap/empty.h"
#include "heap/cache.h"
#include "heap/pace.h"
#include "heap/partial.h"
#include "heap/sample.h"
#include "heap/scavenge.h"
#include "span/units.h"

static uint32_t empty_steps; /* the sum over all heaps; atomic */

void empty_widen(struct heap *heap) {
    debug_check(heap != &heap_none);
    if (empty_max(heap) == EMPTY_SLABS_MAX) return;
    if (__atomic_add_fetch(&empty_steps, 1, __ATOMIC_RELAXED) <= EMPTY_STEPS_OF_ALL)
        heap->empty_steps++;
    else
        __atomic_sub_fetch(&empty_steps, 1, __ATOMIC_RELAXED);
}

STARTUP_TEXT void empty_narrow(struct heap *heap) {
    if (heap->empty_steps > 0) __atomic_sub_fetch(&empty_steps, heap->empty_steps, __ATOMIC_RELAXED);
    heap->empty_steps = heap->empty_refused = 0;
}

STARTUP_TEXT void heap_slab_empty(struct unit *slab, struct heap *heap) {
    debug_check(slab->owner == heap && slab->used_blocks == 0);
    struct size_class *of = &heap->classes[slab->class];
    if (of->attached == slab) {
        scavenge_forget(heap, slab);
        if (slab->flags & UNIT_ATTACHED) slab->returns_left = heap->returns;
        if (!config_bounded && unlikely(heap->sample.rate)) sample_returned(heap, slab);
        pace_run(heap);
        return;
    }
    if (!(slab->flags & UNIT_PARTIAL)) return; /* current: it serves the next blocks anyway */
    if (slab->flags & UNIT_EMPTY) check_already_free("free", slab->free);
    if (config_bounded) {
        partial_note_empty(heap, slab);
        return scavenge_empty(heap, slab);
    }
    if (empty_keep(heap, slab)) return;
    heap->empty_refused = slab->class;
    partial_remove(heap, slab);
    if (of->extra_slabs > 0) of->extra_slabs--;
    slab_give(slab, heap->secret);
    pace_given(heap);
}

void empty_flush(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    for (uint32_t class = 1; class < CLASS_COUNT && heap->empty_slabs > 0; ++class) {
        for (struct unit *slab = heap->classes[class].partial.first, *next; slab; slab = next) {
            next = slab->next;
            if (!(slab->flags & UNIT_EMPTY)) continue;
            partial_remove(heap, slab);
            slab_give(slab, heap->secret);
        }
    }
}

STARTUP_TEXT void heap_yield(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE && !lock_is_mine(&units.lock));
    if (config_bounded) return; /* it keeps little, and gives that back in steps */
    if (unlikely(heap->empty_slabs > EMPTY_SLABS_MIN) && load_relaxed(units.dirty_units) == 0) {
        empty_narrow(heap);
        empty_flush(heap);
    }
    cache_yield(heap);
}
