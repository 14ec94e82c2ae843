/* Allocation in the bounded build, beyond the fast path. */
/* SPDX-License-Identifier: MIT */
#include "heap/bounded.h"
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/refill.h"
#include "heap/scavenge.h"
#include "span/units.h"

bool bounded_has_units(struct heap *heap, uint32_t count) {
    return units_have(count) || (heap->state == HEAP_LIVE && scavenge_step(heap));
}

/* True when an owned slab, whose bin is empty, has blocks: freed here or elsewhere, or not carved yet. */
static bool has_blocks(const struct unit *slab) {
    return slab->free != BLOCK_END || slab_uncarved(slab) > 0 || remote_count(load_relaxed(slab->remote)) > 0;
}

/* A slab of this heap with blocks, current or in no list now; NULL: there is none. */
static struct unit *own_slab(struct heap *heap, uint32_t class) {
    debug_check(class > 0 && class < CLASS_COUNT);
    struct size_class *of = &heap->classes[class];
    if (of->current && has_blocks(of->current)) return of->current;
    struct unit *slab = partial_next(&of->partial);
    if (slab) partial_remove(heap, slab);
    return slab;
}

/* An abandoned slab, or if another core was faster a new one. */
static NOINLINE struct unit *others_slab(struct heap *heap, uint32_t class) {
    struct unit *slab = abandoned_take(class, heap);
    return slab ? slab : slab_take(class, heap);
}

/* Make a slab the current one, if it is not, and close the bin. */
static void prepare(struct heap *heap, uint32_t class, struct unit *slab) {
    debug_check(slab->owner == heap && has_blocks(slab));
    if (slab == heap->classes[class].current)
        heap_close_bin(heap, class);
    else
        refill_make_current(heap, class, slab);
}

/* Fill the bin with the current slab's free blocks, or else with some that it carves. */
static void fill_from(struct heap *heap, uint32_t class, struct unit *slab) {
    debug_check(slab->owner == heap && slab->class == class);
    struct block *list = slab->free;
    heap->bin[class] = list != BLOCK_END ? list : slab_carve(slab, heap->secret);
    heap_attach_slab(heap, class, slab, heap->returns);
}

/* Fill the bin from a slab that other cores may have freed into. Only when the bin is closed its used blocks are
 * counted, as collecting needs. */
static void open_slab(struct heap *heap, uint32_t class, struct unit *slab) {
    debug_check(slab->owner == heap && slab->class == class);
    prepare(heap, class, slab);
    if (slab->free == BLOCK_END) owner_collect_alone(slab);
    fill_from(heap, class, slab);
}

static void *bounded_pop(struct heap *heap, uint32_t class) {
    debug_check(class > 0 && class < CLASS_COUNT);
    struct block *block = heap_unbin(heap, class);
    block_clear(block);
    return block;
}

/* Classes of 512, 1024, 2048 and 4096 bytes. */
#define POWERS (UINT64_C(1) << 32 | UINT64_C(1) << 40 | UINT64_C(1) << 48 | UINT64_C(1) << 52)

INLINE uint64_t bin_bit(const struct heap *heap, uint32_t class) {
    return (uint64_t)(heap->bin[class] != BLOCK_END) << class;
}

/* A bit for each class that has blocks outside of its bin, and for each power of two that has any. */
static uint64_t in_slabs(const struct heap *heap) {
    return heap->available | bin_bit(heap, 32) | bin_bit(heap, 40) | bin_bit(heap, 48) | bin_bit(heap, 52);
}

/* A bit for each class that has blocks in its bin. */
static uint64_t in_bins(const struct heap *heap) {
    uint64_t bits = 0;
#pragma GCC unroll 4
    for (uint32_t class = CLASS_COUNT - 1; class > 0; class --) bits = bits << 1 | (heap->bin[class] != BLOCK_END);
    return bits << 1;
}

/* The smallest class above `class` that can lend a block, an aligned one if a power of two has any; 0: none can. */
static uint32_t bounded_lender(uint64_t available, uint32_t class, uint32_t align, enum bounded_align how) {
    available &= ~UINT64_C(0) << class << 1;
    uint64_t aligned = align > BLOCK_ALIGN_BYTES ? available & POWERS : available;
    if (aligned == 0 && how == BOUNDED_IF_POSSIBLE) aligned = available;
    return aligned == 0 ? 0 : bit_low_64(aligned);
}

/* Level 2's smallest block. */
static void *from_level_2(void) {
    struct granule *slot = medium_take_found(MEDIUM_GRANULES_MIN);
    return slot ? span_slot_memory(span_of_slot(slot), slot) : NULL;
}

/* Serve a request for which there is no slab, nor a unit for a new one: by a larger class that has blocks outside of
 * its bin, by a larger class's bin, or by level 2. All bins are only looked at when no slab has to be opened then. */
static NOINLINE void *bounded_last_resort(struct heap *heap, uint32_t class, uint32_t align, enum bounded_align how) {
    uint32_t lender = bounded_lender(in_slabs(heap), class, align, how);
    if (lender > 0 && heap->bin[lender] == BLOCK_END) {
        struct unit *slab = own_slab(heap, lender);
        if (!slab) return NULL; /* another core has the blocks that it had freed into it */
        open_slab(heap, lender, slab);
        return bounded_pop(heap, lender);
    }
    if (lender == 0) lender = bounded_lender(in_bins(heap), class, align, how);
    if (lender > 0) return bounded_pop(heap, lender);
    return align <= GRANULE_BYTES || how == BOUNDED_IF_POSSIBLE ? from_level_2() : NULL;
}

/* Fill the bin from a new slab, and pop it. */
static void *from_new_slab(struct heap *heap, uint32_t class) {
    debug_check(class > 0 && class < CLASS_COUNT);
    struct unit *slab = slab_take(class, heap);
    if (!slab) return NULL; /* another core was faster */
    prepare(heap, class, slab);
    fill_from(heap, class, slab);
    return bounded_pop(heap, class);
}

/* Without a slab the current one stays attached, so that what is freed into it fills the bin. */
void *bounded_refill(struct heap *heap, uint32_t class, uint32_t align, enum bounded_align how) {
    debug_check(config_bounded && heap->bin[class] == BLOCK_END && heap->state == HEAP_LIVE);
    struct unit *slab = own_slab(heap, class);
    if (!slab && (load_relaxed(abandoned[class].queue.first) || load_relaxed(abandoned[class].pending))) {
        slab = others_slab(heap, class);
    } else if (!slab) {
        return bounded_has_units(heap, 1) ? from_new_slab(heap, class) : bounded_last_resort(heap, class, align, how);
    }
    if (!slab) return NULL; /* another core was faster */
    open_slab(heap, class, slab);
    return bounded_pop(heap, class);
}
