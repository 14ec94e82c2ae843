/* The verifier, hardened build: what waits in the quarantines is cleared, marked, and between two frees. */
/* SPDX-License-Identifier: MIT */
#include "heap/quarantine.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"

static bool waits(const struct block *block, uint32_t class) {
    size_t offset = (size_t)((const char *)block - span_home.base);
    if (offset >= span_home.bytes) return false;
    const struct unit *slab = span_line(&span_home, offset);
    return slab->kind == UNIT_SLAB && slab->class == class && slab_is_block(slab, block) &&
           quarantine_is_clear(block, slab->block_bytes);
}

static bool has_class(const struct heap *heap, uint32_t class) {
    int32_t count = heap->quarantined[class_shapes[class].block_bytes / BLOCK_ALIGN_BYTES];
    if (count >= QUARANTINE_SLOTS || (count > 0 && heap->state != HEAP_LIVE)) return false;
    for (int32_t i = 0; i < count; i++)
        if (!waits(heap->quarantine[class][i], class)) return false;
    return true;
}

static bool has_wide(const struct heap *heap) {
    for (uint32_t i = 0; i < QUARANTINE_WIDE_SLOTS; i++) {
        const struct block *block = heap->quarantine_wide[i];
        if (!block) continue;
        if ((size_t)((const char *)block - span_home.base) >= span_home.bytes || heap->state != HEAP_LIVE) return false;
        const struct granule *slot = span_slot(&span_home, block);
        if ((uintptr_t)block & (GRANULE_BYTES - 1) || granule_state(slot) != GRANULE_USED) return false;
        if (!quarantine_has(block)) return false;
    }
    return true;
}

bool verify_quarantine(void) {
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (heap->state == HEAP_LEFT_BY_FORK) continue;
        if (!hardened() && heap->quarantined[0] != 0) return false;
        if (!has_wide(heap)) return false;
        for (uint32_t class = 2; hardened() && class < QUARANTINE_CLASSES; ++class)
            if (!has_class(heap, class)) return false;
    }
    return true;
}
