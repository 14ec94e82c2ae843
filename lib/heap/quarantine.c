/* Blocks that come out of the quarantine. */
/* SPDX-License-Identifier: MIT */
#include "heap/quarantine.h"
#include "heap/free.h"

void quarantine_written(const struct block *block) {
    check_misuse("free", block, "was written to after it was freed");
}

void quarantine_flush(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (!hardened()) return;
    for (uint32_t i = 0; i < QUARANTINE_SLOTS; i++) {
        struct block *block = heap->quarantine[i];
        heap->quarantine[i] = NULL;
        if (!block) continue;
        size_t bytes = span_line(&span_home, (size_t)((char *)block - span_home.base))->block_bytes;
        if (unlikely(!quarantine_is_clear(block, bytes))) quarantine_written(block);
        block_clear(block);
        free_live(block, heap);
    }
}
