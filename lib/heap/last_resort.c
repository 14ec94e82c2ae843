/* What serves a small request when all that is free was given back and its class has nothing. */
/* SPDX-License-Identifier: MIT */
#include "heap/last_resort.h"
#include "base/bits.h"
#include "heap/abandoned.h"
#include "heap/bin.h"
#include "heap/redzone.h"
#include "heap/refill.h"
#include "span/medium.h"

/* True when a slab of the class may have blocks, here or abandoned: without one a refill would only fail at level 1. */
static bool may_have_blocks(const struct heap *heap, uint32_t class) {
    return heap->bin[class] != BLOCK_END || heap->classes[class].current || heap->classes[class].partial.first ||
           load_relaxed(abandoned[class].queue.first) || load_relaxed(abandoned[class].pending);
}

/* Take a block of the smallest larger class that has one, which wastes least. */
static struct block *larger_class(struct heap *heap, uint32_t class, uint32_t align) {
    debug_check(class < CLASS_COUNT && is_power_of_two(align));
    for (uint32_t lender = class + 1; lender < CLASS_COUNT; lender++) {
        uint32_t bytes = class_shapes[lender].block_bytes;
        if ((bytes & -bytes) < align || !may_have_blocks(heap, lender)) continue;
        if (heap->bin[lender] == BLOCK_END && !heap_refill(heap, lender)) continue;
        struct block *block = heap_unbin(heap, lender);
        block_clear(block);
        return block;
    }
    return NULL;
}

static void *level_2(uint32_t align) {
    struct granule *slot = medium_take(MEDIUM_GRANULES_MIN, align > GRANULE_BYTES ? align >> GRANULE_SHIFT : 1);
    if (!slot) return NULL;
    store_relaxed(slot->head, slot->head & ~(uint32_t)GRANULE_ZERO); /* the caller will write to it */
    return span_slot_memory(span_of_slot(slot), slot);
}

void *last_resort_aligned(struct heap *heap, size_t size, uint32_t align) {
    debug_check(is_power_of_two(align) && heap->state == HEAP_LIVE);
    if (!config_bounded) store_relaxed(heaps.has_larger_blocks, true);
    struct block *block = larger_class(heap, (uint32_t)class_of(size + (size == 0)), align);
    return block ? block : level_2(align);
}

/* A request of exactly its class's size may rely on the class's alignment: it gets a block so aligned if there is one,
 * else any. */
void *last_resort_take(struct heap *heap, size_t size) {
    if (size > CLASS_BYTES_MAX) return NULL;
    uint32_t bytes = class_shapes[class_of(size + (size == 0))].block_bytes;
    void *p = size == bytes ? last_resort_aligned(heap, size, bytes & -bytes) : NULL;
    if (!p) p = last_resort_aligned(heap, size, BLOCK_ALIGN_BYTES);
    return p ? p : redzone_take_freed(size);
}
