/* What is in a bin. */
#include "inspect/bin.h"

static bool is_sound(const struct block *block, uint32_t class) {
    const struct unit *slab = span_unit(block);
    return slab && slab->kind == UNIT_SLAB && slab->class == class && slab_is_block(slab, block) &&
           block_is_free(block, heap_secret());
}

void inspect_bin(struct bin_parts *parts, const struct heap *heap, uint32_t class) {
    const struct block *block = heap->bin[class];
    parts->guest_count = 0;
    for (; block != BLOCK_END && parts->guest_count < GUESTS_MAX; block = block->next) {
        if (!heap_is_guest(heap->current[class], block) || !is_sound(block, class)) break;
        parts->guests[parts->guest_count++] = block;
    }
    parts->own = block;
}
