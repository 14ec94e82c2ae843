/* Cutting free extents of level 1. */
/* SPDX-License-Identifier: MIT */
#include "span/extent.h"

STARTUP_TEXT void extent_cut_front(struct unit *free, uint32_t count) {
    debug_check(free->kind == UNIT_FREE && count > 0 && count <= free->count);
    extent_leave(free);
    struct unit *rest = free + count;
    uint32_t rest_count = free->count - count;
    if (rest_count == 0) {
        age_leave(free);
        return;
    }
    rest->owner = NULL;
    rest->block_bytes = 0;
    rest->flags = free->flags & UNIT_STATES;
    rest->memory = free->memory + ((size_t)count << UNIT_SHIFT);
    age_replace(free, rest);
    extent_enter(rest, rest_count);
}
