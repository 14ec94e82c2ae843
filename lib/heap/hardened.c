/* What the hardened build adds around malloc and its family, beyond the fast paths. */
/* SPDX-License-Identifier: MIT */
#include "heap/hardened.h"
#include "heap/used.h"
#include "slab/slab.h"

STARTUP_TEXT canary_word *hardened_place(const void *p) {
    size_t bytes = used_bytes(p);
    return bytes ? (canary_word *)((uintptr_t)p + bytes) - 1 : NULL;
}

void hardened_damaged(const char *function, const void *p) {
    check_misuse(function, p, "was written to beyond its end, or the block behind it before its start");
}

/* True when `p` lies in a slab and has the mark of a quarantined block. */
static STARTUP_TEXT bool is_quarantined(const void *p) {
    struct unit *unit = p ? span_unit(p) : NULL;
    return unit && load_relaxed(unit->kind) == UNIT_SLAB && slab_is_block(unit, p) && quarantine_has(p);
}

void hardened_check(const char *function, const void *p) {
    if (is_quarantined(p)) check_already_free(function, p);
    const canary_word *place = hardened_place(p);
    if (place && unlikely(*place != canary_of(place))) hardened_damaged(function, p);
}

static NOINLINE STARTUP_TEXT void free_raw(void *p, void (*outside)(void *p, struct heap *heap)) {
    heap_free_with(p, outside);
}

STARTUP_TEXT void hardened_free_odd(void *p, struct heap *heap, void (*outside)(void *p, struct heap *heap)) {
    (void)heap;
    size_t bytes = used_bytes(p);
    if (!bytes && is_quarantined(p)) check_already_free("free", p);
    if (bytes) {
        const canary_word *place = (canary_word *)((char *)p + bytes) - 1;
        if (unlikely(*place != canary_of(place))) hardened_damaged("free", p);
        if (bytes <= CLASS_BYTES_MAX && bytes > BLOCK_ALIGN_BYTES) quarantine_clear(p, bytes);
    }
    free_raw(p, outside);
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
