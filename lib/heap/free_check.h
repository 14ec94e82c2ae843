/* The checks of every function that is given a block. Each ends the program with a sentence, or returns. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "heap/redzone_block.h"

/* End the program with a message about a pointer that failed a check below. */
_Noreturn COLD void free_bad_unit(const char *function, const void *p);
_Noreturn COLD void free_bad_block(const char *function, const void *p, struct unit *slab);
_Noreturn COLD void free_bad_medium(const char *function, const void *p);

/* The unit of a pointer that may be the start of a block: SLAB, MEDIUM or LARGE. NULL: it is a block with red zones, or
 * none, and free_check_zoned() tells. */
INLINE struct unit *free_look_unit(const void *p) {
    struct unit *unit = span_unit(p);
    if (unlikely(!unit)) return NULL;
    uint8_t kind = load_relaxed(unit->kind);
    return unlikely(kind != UNIT_SLAB && kind != UNIT_MEDIUM && kind != UNIT_LARGE) ? NULL : unit;
}

/* Check that `p` is the start of a used block of `slab`. */
INLINE void free_check_slab(const char *function, const void *p, struct unit *slab) {
    if (config_safety && unlikely(!slab_is_block(slab, p) || block_is_free(p, heap_secret())))
        free_bad_block(function, p, slab);
}

/* The slot of a used block of the medium level that starts at `p`; NULL: as above. */
INLINE struct granule *free_look_medium(const void *p) {
    struct granule *slot = span_slot(span_of(p), p);
    if (unlikely(granule_state(slot) != GRANULE_USED || (uintptr_t)p & (GRANULE_BYTES - 1))) return NULL;
    return unlikely(load_relaxed(slot->head) & GRANULE_SAMPLED) && redzone_begins(p) ? NULL : slot;
}

/* Check that `p` is the start of the extent whose head is `unit`. */
INLINE void free_check_large(const char *function, const void *p, struct unit *unit) {
    if (unlikely(p != unit->memory)) check_interior(function, p, unit->memory, unit_bytes(unit));
}

/* Bytes of the used block that starts at `p`, which is not NULL. */
size_t free_check_bytes(const char *function, const void *p);

/* The caller's bytes of a block with red zones, when free_look_unit() or free_look_medium() has declined `p`. What is
 * no such block, or a damaged one, ends the program. */
size_t free_check_zoned(const char *function, const void *p);
