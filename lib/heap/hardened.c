/* What the hardened build adds around malloc and its family, beyond the fast paths. */
/* SPDX-License-Identifier: MIT */
#include "heap/hardened.h"
#include "heap/pace.h"
#include "heap/used.h"
#include "slab/slab.h"

STARTUP_TEXT canary_word *hardened_place(const void *p) {
    size_t bytes = used_bytes(p);
    return bytes ? (canary_word *)((uintptr_t)p + bytes) - 1 : NULL;
}

void hardened_damaged(const char *function, const void *p) {
    check_misuse(function, p, "was written to beyond its end, or the block behind it before its start");
}

/* True when `p` is a block of a slab or of level 2 and has the mark of a quarantined one. */
static STARTUP_TEXT bool is_quarantined(const void *p) {
    struct unit *unit = p ? span_unit(p) : NULL;
    if (!unit) return false;
    if (load_relaxed(unit->kind) == UNIT_SLAB) return slab_is_block(unit, p) && quarantine_has(p);
    if (load_relaxed(unit->kind) != UNIT_MEDIUM || (uintptr_t)p & (GRANULE_BYTES - 1)) return false;
    return granule_state(span_slot(span_of(p), p)) == GRANULE_USED && quarantine_has(p);
}

void hardened_check(const char *function, const void *p) {
    if (is_quarantined(p)) check_already_free(function, p);
    const canary_word *place = hardened_place(p);
    if (place && unlikely(*place != canary_of(place))) hardened_damaged(function, p);
}

/* Zero all of a small block but its canary. */
static void clear(canary_word *p, size_t bytes) {
    p[0] = 0;
    if (bytes < QUARANTINE_BYTES_MIN) return;
    p[1] = 0;
    quarantine_clear((char *)p, bytes);
}

/* The line of `p` in the home span; NULL: it is elsewhere. */
static STARTUP_TEXT struct unit *home_unit(const void *p) {
    size_t offset = (size_t)((const char *)p - load_relaxed(span_home.base));
    return offset < load_relaxed(span_home.bytes) ? span_line(&span_home, offset) : NULL;
}

/* Put a checked block of a full row into the quarantine. False: it is of another kind. */
static bool put_where_full(struct block *block, struct heap *heap, size_t bytes) {
    struct unit *slab = home_unit(block);
    if (!hardened() || !slab) return false;
    if (*quarantine_count(heap, bytes) != QUARANTINE_SLOTS - 1) return false;
    if (slab->block_bytes != bytes || !heap_looks_used(slab, (uintptr_t)block, block)) return false;
    quarantine_release(heap, slab->class, bytes);
    quarantine_put(heap, block, slab->class, bytes, (size_t)*quarantine_count(heap, bytes));
    return true;
}

/* Bytes of the used block of level 2 at `p`, if it is in the home span; else 0. */
static STARTUP_TEXT size_t medium_bytes(const char *p) {
    const struct unit *unit = home_unit(p);
    return unit ? hardened_medium_bytes(p, unit) : 0;
}

/* True when the block of level 2 at `p` may be put into the quarantine. */
static bool may_wait(const char *p, const struct heap *heap) {
    return heap->state == HEAP_LIVE && !load_relaxed(heaps.reuses_at_once) && medium_bytes(p) > 0;
}

STARTUP_TEXT void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap)) {
    size_t bytes = medium_bytes(p);
    if (!bytes) bytes = used_bytes(p);
    if (!bytes && is_quarantined(p)) check_already_free("free", p);
    if (bytes) {
        const canary_word *place = (canary_word *)((char *)p + bytes) - 1;
        if (unlikely(*place != canary_of(place))) hardened_damaged("free", p);
    }
    if (bytes && bytes <= CLASS_BYTES_MAX) {
        if (put_where_full(p, heap, bytes)) return;
        clear(p, bytes);
    } else if (bytes && bytes <= QUARANTINE_WIDE_BYTES_MAX && may_wait(p, heap)) {
        p = quarantine_swap_wide(heap, p);
        if (!p) return;
    }
    heap_free_with(p, outside);
}

STARTUP_TEXT bool hardened_is_due(void) {
    struct heap *heap = heap_self;
    if (heap->state != HEAP_LIVE || (uint8_t)heap->quarantine_random != 0) return false;
    pace_run(heap);
    return pace_is_due(heap);
}

/* Set the canary of a resized block, and clear the old one if it is now inside, as the caller must not see it. */
static void *reseal(char *p, size_t old_bytes) {
    size_t bytes = used_bytes(p);
    if (bytes > old_bytes && old_bytes) *((canary_word *)(p + old_bytes) - 1) = 0;
    return hardened_seal(p);
}

void *hardened_resize(void *p, size_t size, void *(*slow)(void *p, size_t size)) {
    size_t request = hardened_request(size), old = used_bytes(p);
    hardened_check("realloc", p);
    if (old && request <= old && request > old / 2 && old <= CLASS_BYTES_MAX) return p;
    char *new = slow(p, request);
    return new ? reseal(new, old) : NULL;
}
