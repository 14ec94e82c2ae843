/* The verifier, hardened build: what waits in the quarantines is cleared, marked, and between two frees. */
/* SPDX-License-Identifier: MIT */
#include "heap/quarantine.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"

static bool waits(const struct block *block, size_t bytes) {
    size_t offset = (size_t)((const char *)block - span_home.base);
    if (offset >= span_home.bytes) return false;
    const struct unit *slab = span_line(&span_home, offset);
    return slab->kind == UNIT_SLAB && slab->block_bytes == bytes && slab_is_block(slab, block) &&
           quarantine_is_clear(block, bytes);
}

/* True when the slots before `end` hold blocks of `bytes` that wait, back to the end mark. */
static bool has_half(struct block **end, size_t bytes) {
    struct block **first = quarantine_half(end - 1, bytes);
    for (struct block **slot = first; slot < end; slot++)
        if (!waits(*slot, bytes)) return false;
    return first[-1] == quarantine_none[0];
}

static bool has_row(const struct heap *heap, const struct quarantine *row, size_t bytes) {
    bool takes = row->out != (struct block **)quarantine_none;
    if (!row->in) return !takes;
    if (heap->state != HEAP_LIVE && row->in != quarantine_half(row->in - 1, bytes)) return false;
    if (heap->state != HEAP_LIVE && !quarantine_is_empty(row)) return false;
    if (bytes < QUARANTINE_BYTES_MIN) return false;
    if (takes && ((uintptr_t)row->out ^ (uintptr_t)(row->in - 1)) / QUARANTINE_HALF_BYTES != 1) return false;
    return has_half(row->in, bytes) && (!takes || has_half(row->out + 1, bytes));
}

static bool has_wide(const struct heap *heap) {
    for (uint32_t i = 0; i < QUARANTINE_NEAR_SLOTS + QUARANTINE_FAR_SLOTS; i++) {
        const struct block *block = heap->quarantine_wide[i];
        if (!block) continue;
        if ((size_t)((const char *)block - span_home.base) >= span_home.bytes || heap->state != HEAP_LIVE) return false;
        const struct granule *slot = span_slot(&span_home, block);
        if ((uintptr_t)block & (GRANULE_BYTES - 1) || granule_state(slot) != GRANULE_USED) return false;
        if (!quarantine_has(block)) return false;
    }
    return true;
}

static bool has_rows(const struct heap *heap) {
    uint32_t opened = 0;
    for (size_t bytes = 0; bytes <= CLASS_BYTES_MAX; bytes += BLOCK_ALIGN_BYTES) {
        const struct quarantine *row = &heap->quarantine[bytes / BLOCK_ALIGN_BYTES];
        if (!has_row(heap, row, bytes)) return false;
        opened += row->in != NULL;
    }
    return opened == heap->quarantine_rows;
}

bool verify_quarantine(void) {
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (heap->state == HEAP_LEFT_BY_FORK) continue;
        if (!hardened() && heap->quarantine[0].in) return false;
        if (!has_wide(heap)) return false;
        if (hardened() && !has_rows(heap)) return false;
    }
    return true;
}
