/* The verifier, hardened build: what waits in the quarantines is cleared, marked, and between two frees. */
/* SPDX-License-Identifier: MIT */
#include "heap/quarantine.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"

static bool waits(const struct block *block) {
    size_t offset = (size_t)((const char *)block - span_home.base);
    if (offset >= span_home.bytes) return false;
    const struct unit *slab = span_line(&span_home, offset);
    return slab->kind == UNIT_SLAB && slab_is_block(slab, block) && quarantine_is_clear(block, slab->block_bytes);
}

bool verify_quarantine(void) {
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (heap->state == HEAP_LEFT_BY_FORK) continue;
        for (uint32_t i = 0; i < QUARANTINE_SLOTS; i++) {
            if (!heap->quarantine[i]) continue;
            if (!hardened() || heap->state != HEAP_LIVE || !waits(heap->quarantine[i])) return false;
        }
    }
    return true;
}
