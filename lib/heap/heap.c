/* The heap: its slabs' comings and goings. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "base/check.h"
#include "heap/cache.h"
#include "heap/fast.h"
#include "heap/orphans.h"
#include "span/units.h"

#define EMPTY_BINS \
    { [0 ... CLASS_COUNT - 1] = BLOCK_END }

/* Empty bins, no slabs, a full cache: whatever a thread without a heap does takes the slow path. Never written to. */
struct heap heap_none = {.bin = EMPTY_BINS, .secret = 1, .state = HEAP_NONE};

_Thread_local struct heap *heap_self = &heap_none;

void heap_wait(struct heap *heap, struct unit *slab) {
    holes_wait(slab);
    slab_queue_add(&heap->waiting[slab->class], slab);
    slab->flags |= UNIT_WAITING;
}

void heap_unwait(struct heap *heap, struct unit *slab) {
    slab_queue_remove(&heap->waiting[slab->class], slab);
    if (slab->flags & UNIT_SPARE) heap->spare_slabs--;
    slab->flags &= (uint8_t) ~(UNIT_WAITING | UNIT_SPARE);
}

static uint32_t spare_steps; /* that the heaps have in all; atomic */

void heap_widen_spares(struct heap *heap) {
    if (heap_spares_max(heap) == SPARE_SLABS_MAX) return;
    if (__atomic_add_fetch(&spare_steps, 1, __ATOMIC_RELAXED) <= SPARE_STEPS_OF_ALL)
        heap->spare_steps++;
    else
        __atomic_sub_fetch(&spare_steps, 1, __ATOMIC_RELAXED);
}

static void narrow_spares(struct heap *heap) {
    if (heap->spare_steps > 0) __atomic_sub_fetch(&spare_steps, heap->spare_steps, __ATOMIC_RELAXED);
    heap->spare_steps = heap->spare_refused = 0;
}

void heap_slab_empty(struct unit *slab, struct heap *heap) {
    if (heap->open[slab->class] == slab) {
        slab->used_blocks = heap->returns;
        heap_count_run(heap);
        return;
    }
    if (!(slab->flags & UNIT_WAITING)) return; /* current: its next blocks come from it anyway */
    if (slab->flags & UNIT_SPARE) check_misuse("free", slab->free, "is already free");
    if (heap->spare_slabs < heap_spares_max(heap)) {
        slab->flags |= UNIT_SPARE;
        heap->spare_slabs++;
        return;
    }
    heap->spare_refused = slab->class;
    heap_unwait(heap, slab);
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
    } while (slab->free != BLOCK_END || slab_uncarved(slab) > 0 ? !orphans_put(slab) : !owner_leave_full(slab));
}

/* One turn at the orphans' lock for all of them. */
void heap_disown_waiting(struct heap *heap, uint32_t class, uint32_t count) {
    struct unit *first = NULL, **end = &first;
    for (uint32_t i = 0; i < count; i++) {
        struct unit *slab = heap->waiting[class].first;
        heap_unwait(heap, slab);
        owner_collect(slab, heap->secret);
        if (slab->used_blocks == 0) {
            slab_give(slab, heap->secret);
            continue;
        }
        *end = slab;
        end = &slab->next;
    }
    orphans_put_all(class, first);
}

/* A bin's own blocks go to the slab in the order they have; the guests come before `guests`, without keys. Returns the
 * first. */
static struct block *spill_bin(struct heap *heap, uint32_t class, struct block *guests) {
    struct unit *slab = heap->current[class];
    struct block *first = BLOCK_END, *last = NULL;
    while (heap->bin[class] != BLOCK_END) {
        struct block *block = heap_unbin(heap, class);
        if (heap_is_guest(slab, block)) {
            block_clear(block);
            block->next = guests;
            guests = block;
            continue;
        }
        if (unlikely(slab->used_blocks-- == 0)) check_misuse("free", block, "is already free"); /* a loop */
        if (!last)
            first = block;
        else if (last->next != block)
            block_link(last, block, heap->secret);
        last = block;
    }
    if (!last) return guests;
    block_link(last, slab->free, heap->secret);
    slab->free = first;
    return guests;
}

/* In two steps: in a fork's child the first free may have a lost thread's slab counted, and a guest with a key would
 * count as one of its free blocks. */
void heap_spill(struct heap *heap) {
    struct block *guests = NULL;
    narrow_spares(heap);
    memset(heap->guest_room, 0, sizeof(heap->guest_room));
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        heap_close(heap, class);
        if (heap->bin[class] != BLOCK_END) guests = spill_bin(heap, class, guests);
    }
    for (struct block *next; guests; guests = next) {
        next = guests->next;
        heap_free_slow(guests, heap);
    }
}

static void flush_spares(struct heap *heap) {
    for (uint32_t class = 1; class < CLASS_COUNT && heap->spare_slabs > 0; class ++) {
        for (struct unit *slab = heap->waiting[class].first, *next; slab; slab = next) {
            next = slab->next;
            if (!(slab->flags & UNIT_SPARE)) continue;
            heap_unwait(heap, slab);
            slab_give(slab, heap->secret);
        }
    }
}

void heap_flush(struct heap *heap) {
    cache_flush(heap);
    flush_spares(heap);
}

void heap_yield(struct heap *heap) {
    if (unlikely(heap->spare_slabs > SPARE_SLABS_MIN) && load_relaxed(units.dirty_units) == 0) {
        narrow_spares(heap);
        flush_spares(heap);
    }
    cache_yield(heap);
}
