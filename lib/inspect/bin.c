/* What is in a bin. */
/* SPDX-License-Identifier: MIT */
#include "inspect/bin.h"

enum { BIN_BLOCKS_MAX = UNIT_BYTES / BLOCK_ALIGN_BYTES + ADOPTED_MAX };

static bool is_sound(const struct block *block, uint32_t class) {
    const struct unit *slab = span_unit(block);
    return slab && slab->kind == UNIT_SLAB && slab->class == class && slab_is_block(slab, block) &&
           block_is_free(block, heap_secret());
}

uint32_t inspect_adopted(const struct block *adopted[ADOPTED_MAX], const struct heap *heap, uint32_t class) {
    const struct block *block = heap->bin[class];
    uint32_t count = 0;
    for (uint32_t met = 0; block != BLOCK_END && met < BIN_BLOCKS_MAX && is_sound(block, class); met++) {
        if (heap_is_adopted(heap->classes[class].current, block) && count < ADOPTED_MAX) adopted[count++] = block;
        block = block->next;
    }
    return count;
}

const struct block *inspect_own(const struct heap *heap, uint32_t class, const struct block *block) {
    for (uint32_t met = 0; heap && block != BLOCK_END && met < ADOPTED_MAX; met++) {
        if (!heap_is_adopted(heap->classes[class].current, block) || !is_sound(block, class)) break;
        block = block->next;
    }
    return block;
}
