/* What the hardened build adds around malloc and its family, beyond the fast paths. */
/* SPDX-License-Identifier: MIT */
#include "heap/hardened.h"
#include "heap/pace.h"
#include "slab/slab.h"

void hardened_damaged(const char *function, const void *p) {
    check_misuse(function, p, "was written to beyond its end, or the block behind it before its start");
}

/* True when `p` is a block of a slab or of level 2 and has the mark of a quarantined one. */
static HARDENED_TEXT bool is_quarantined(const void *p) {
    struct unit *unit = p ? span_unit(p) : NULL;
    if (!unit) return false;
    if (load_relaxed(unit->kind) == UNIT_SLAB) return slab_is_block(unit, p) && quarantine_has(p);
    if (load_relaxed(unit->kind) != UNIT_MEDIUM || (uintptr_t)p & (GRANULE_BYTES - 1)) return false;
    return granule_state(span_slot(span_of(p), p)) == GRANULE_USED && quarantine_has(p);
}

void hardened_check(const char *function, const void *p) {
    if (is_quarantined(p)) check_already_free(function, p);
    size_t bytes = used_bytes(p);
    if (bytes && unlikely(!canary_is_intact(p, bytes))) hardened_damaged(function, p);
}

/* Zero all of a small block, so that it has no canary any more. */
static void clear(struct block *block, size_t bytes) {
    *(block_pair *)block = (block_pair){0, 0};
    if (bytes >= QUARANTINE_BYTES_MIN) quarantine_clear(block, bytes);
}

/* The line of `p` in the home span; NULL: it is elsewhere. */
static HARDENED_TEXT struct unit *home_unit(const void *p) {
    size_t offset = (size_t)((const char *)p - load_relaxed(span_home.base));
    return offset < load_relaxed(span_home.bytes) ? span_line(&span_home, offset) : NULL;
}

/* Put a checked block into the quarantine. False: it is of another kind, a profiler may know it, or the thread has no
 * heap. */
static bool put_small(struct block *block, struct heap *heap, size_t bytes) {
    const struct unit *slab = home_unit(block);
    if (!hardened() || !slab || heap->state != HEAP_LIVE) return false;
    if (bytes < QUARANTINE_BYTES_MIN) return false;
    if (slab->block_bytes != bytes || !heap_is_start(slab, (uintptr_t)block)) return false;
    struct quarantine *row = quarantine_of(heap, bytes);
    if (quarantine_is_full(row))
        quarantine_put_odd(heap, block, slab->class);
    else
        quarantine_put(row, block, bytes, canary_of(block));
    return true;
}

/* Bytes of the used block of level 2 at `p`, if it is in the home span; else 0. */
static HARDENED_TEXT size_t medium_bytes(const char *p) {
    const struct unit *unit = home_unit(p);
    return unit ? hardened_medium_bytes(p, unit) : 0;
}

/* True when the block of level 2 at `p` may be put into the quarantine. */
static bool may_wait(const char *p, const struct heap *heap) {
    return heap->state == HEAP_LIVE && !load_relaxed(heaps.reuses_at_once) && medium_bytes(p) > 0;
}

HARDENED_TEXT void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap)) {
    size_t bytes = medium_bytes(p);
    if (!bytes) bytes = used_bytes(p);
    if (!bytes && is_quarantined(p)) check_already_free("free", p);
    if (bytes && unlikely(!canary_is_intact(p, bytes))) hardened_damaged("free", p);
    if (bytes && bytes <= CLASS_BYTES_MAX) {
        if (put_small(p, heap, bytes)) return;
        clear(p, bytes);
    } else if (bytes && bytes <= MEDIUM_BYTES_MAX && may_wait(p, heap)) {
        p = quarantine_swap_wide(heap, p, bytes);
        if (!p) return;
    }
    heap_free_with(p, outside);
}

HARDENED_TEXT bool hardened_is_due(void) {
    return heap_self->state == HEAP_LIVE && pace_is_due(heap_self);
}

/* Count a slow path after every eighth turn, as else programs that free as much as they allocate would never look at
 * the clock. */
static bool turn_is_due(struct heap *heap) {
    enum { TURNS_SHIFT = 64 - 3 };
    if (heap->quarantine_random >> TURNS_SHIFT) return false;
    pace_run(heap);
    return pace_is_due(heap);
}

HARDENED_TEXT void *hardened_turn(size_t bytes) {
    struct heap *heap = heap_self;
    struct quarantine *row = quarantine_of(heap, bytes);
    if (heap->state != HEAP_LIVE) return NULL;
    if (quarantine_is_empty(row) && (!quarantine_turn(heap, row) || turn_is_due(heap))) return NULL;
    struct block *block = *row->out;
    if (unlikely(!quarantine_is_clear(block, bytes))) quarantine_written(block);
    row->out--;
    return hardened_hand_out(block, bytes, canary_of(block), &(block_pair){0, 0});
}

void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size)) {
    size_t request = hardened_request(size), old = used_bytes(p);
    hardened_check("realloc", p);
    if (old && request <= old && request > old / 2 && old <= CLASS_BYTES_MAX) {
        canary_set(p, old, request);
        return p;
    }
    canary_word *place = canary_place(p, old), canary = old ? *place : 0;
    if (old) *place = 0; /* first: the core may free the block */
    void *new = slow(p, request);
    if (new) return hardened_seal(new, request);
    if (old) *place = canary;
    return NULL;
}
