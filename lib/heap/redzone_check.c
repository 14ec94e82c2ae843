/* Damaged red zones end the program. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone_check.h"
#include "base/check.h"

/* The block of the region that `p` lies in, by its head: the nearest one to the left; NULL: there is none. */
static const char *cell_around(const char *p) {
    const char *at = (const char *)round_down((uintptr_t)p, REDZONE_ALIGN_BYTES), *low = at - REDZONE_CELL_MAX;
    for (; at >= low && at > redzone_region.from; at -= REDZONE_ALIGN_BYTES)
        if (redzone_has_head(at)) return p < at + redzone_head(at)->bytes ? at : NULL;
    return NULL;
}

/* True when a tail before `end` says that a block begins at `p`, whose head is damaged. */
static COLD bool finds_tail(const char *p, const char *end) {
    for (size_t bytes = 24; p + redzone_whole(bytes) - REDZONE_HEAD_BYTES <= end; bytes += REDZONE_ALIGN_BYTES)
        if (redzone_has_tail(p, bytes, redzone_hash_of(p, bytes))) return true;
    return false;
}

/* The same for a block of level 2. */
static COLD bool finds_wide_tail(const char *p) {
    const struct granule *slot = redzone_slot(p);
    bool may = granule_state(slot) == GRANULE_USED && load_relaxed(slot->head) & GRANULE_SAMPLED;
    return may && (uintptr_t)p % REDZONE_ALIGN_BYTES == 0 && finds_tail(p, redzone_block_end(slot));
}

static const char before_its_start[] = "was written to before its start";

/* End the program: `p`, in the region, has no intact head. */
static _Noreturn COLD void bad_cell(const char *function, const char *p) {
    size_t offset = (size_t)(p - redzone_region.from);
    if (offset < REDZONE_HEAD_BYTES || offset >= redzone_region.used) check_misuse(function, p, "is not ours");
    const char *block = cell_around(p);
    if (block) check_interior(function, p, block, redzone_head(block)->bytes);
    if ((uintptr_t)p & (REDZONE_ALIGN_BYTES - 1)) check_misuse(function, p, "is not ours");
    if (redzone_is_freed(p)) check_already_free(function, p);
    check_misuse(function, p,
                 finds_tail(p, redzone_region.from + redzone_region.used) ? before_its_start : "is not ours");
}

REDZONE_TEXT size_t redzone_check(const char *function, const void *p) {
    if (unlikely(!redzone_has_head(p))) {
        if (redzone_in_region(p)) bad_cell(function, p);
        if (finds_wide_tail(p)) check_misuse(function, p, before_its_start);
        return 0;
    }
    size_t bytes = load_relaxed(redzone_head(p)->bytes);
    if (unlikely(!redzone_is_whole(p, bytes))) check_misuse(function, p, "was written to beyond its end");
    return bytes;
}
