/* Blocks that come out of the quarantine. */
/* SPDX-License-Identifier: MIT */
#include "heap/quarantine.h"
#include "heap/free.h"

void *quarantine_written(const struct block *block) {
    check_misuse("free", block, "was written to after it was freed");
}

static void quarantine_leave(struct block *block, struct heap *heap) {
    struct unit *slab = span_line(&span_home, (size_t)((char *)block - span_home.base));
    if (unlikely(!quarantine_is_clear(block, slab->block_bytes))) quarantine_written(block);
    block_clear(block);
    free_live(block, heap);
}

void quarantine_release(struct heap *heap, size_t class, size_t bytes) {
    debug_check(heap->state == HEAP_LIVE && *quarantine_count(heap, bytes) == QUARANTINE_SLOTS - 1);
    enum { LEAVING = QUARANTINE_SLOTS - 1 - QUARANTINE_KEPT };
    struct block *leaving[LEAVING + 1], **row = heap->quarantine[class];
    memcpy(leaving, row, LEAVING * sizeof *row);
    memmove(row, row + LEAVING, QUARANTINE_KEPT * sizeof *row);
    *quarantine_count(heap, bytes) = QUARANTINE_KEPT;
    for (uint32_t i = 0; i < LEAVING; i++) quarantine_leave(leaving[i], heap);
}

static struct block *unmark(struct block *block) {
    uintptr_t mark = quarantine_mark(block);
    if (unlikely(block->key != mark || (uintptr_t)block->next != mark)) quarantine_written(block);
    block_clear(block);
    return block;
}

struct block *quarantine_swap_wide(struct heap *heap, struct block *block) {
    debug_check(heap->state == HEAP_LIVE);
    block->key = quarantine_mark(block);
    block->next = (struct block *)block->key;
    struct block **slot = &heap->quarantine_wide[quarantine_draw(heap) >> (31 - QUARANTINE_WIDE_SHIFT) >> 1];
    struct block *leaving = *slot;
    *slot = block;
    return leaving ? unmark(leaving) : NULL;
}

void quarantine_flush(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (!hardened()) return;
    for (size_t class = 2; class < QUARANTINE_CLASSES; ++class) {
        int8_t *count = quarantine_count(heap, class_shapes[class].block_bytes);
        while (*count > 0) quarantine_leave(heap->quarantine[class][--*count], heap);
    }
    for (uint32_t i = 0; i < QUARANTINE_WIDE_SLOTS; i++) {
        struct block *block = heap->quarantine_wide[i];
        heap->quarantine_wide[i] = NULL;
        if (block) free_live(unmark(block), heap);
    }
}
