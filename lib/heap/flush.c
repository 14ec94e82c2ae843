/* Emptying what a heap has in front of its slabs. */
/* SPDX-License-Identifier: MIT */
#include "heap/flush.h"
#include "heap/bin.h"
#include "heap/cache.h"
#include "heap/empty.h"
#include "heap/free.h"

/* Move a bin's own blocks to the current slab, in their order; link adopted ones before `adopted`, without keys.
 * Returns the first of those. */
static struct block *flush_bin(struct heap *heap, uint32_t class, struct block *adopted) {
    debug_check(!heap->classes[class].attached);
    struct unit *slab = heap->classes[class].current;
    struct block *first = BLOCK_END, *last = NULL;
    while (heap->bin[class] != BLOCK_END) {
        struct block *block = heap_unbin(heap, class);
        if (heap_is_adopted(slab, block)) {
            block_clear(block);
            block->next = adopted;
            adopted = block;
            continue;
        }
        if (unlikely(slab->used_blocks-- == 0)) check_already_free("free", block); /* a loop */
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

/* In two steps, because in a fork's child the first free may cause a left-behind slab to be counted, and an adopted
 * block with a key would count as one of its free blocks. */
STARTUP_TEXT void heap_flush_bins(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    struct block *adopted = NULL;
    empty_narrow(heap);
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        heap->classes[class].adopt_budget = 0;
        heap_close_bin(heap, class);
        if (heap->bin[class] != BLOCK_END) adopted = flush_bin(heap, class, adopted);
        available_note(heap, class);
    }
    for (struct block *next; adopted; adopted = next) {
        next = adopted->next;
        free_live(adopted, heap);
    }
}

void heap_flush(struct heap *heap) {
    cache_flush(heap);
    empty_flush(heap);
}
