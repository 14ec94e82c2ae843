/* The blocks that were freed last, and by whom. */
/* SPDX-License-Identifier: MIT */
#include "profile_past.h"
#include "heap/fast.h"
#include "profile_lock.h"
#include "profile_stack.h"
#include "profile_table.h"

enum { PAST_MAX = 1024 };

static struct { uintptr_t p, allocated_by, freed_by; } past[PAST_MAX];
static uint32_t past_count;

void profile_past_note(const void *p) {
    debug_check(profile_is_locked());
    size_t size;
    const struct profile_place *place = profile_find(p, &size);
    uintptr_t pc = 0;
    if (!place) return;
    if (heap_self->state == HEAP_LIVE) profile_stack(&pc, 1, &heap_self->sample);
    uint32_t at = past_count++ % PAST_MAX;
    past[at].p = (uintptr_t)p;
    past[at].allocated_by = place->depth > 0 ? place->pcs[0] : 0;
    past[at].freed_by = pc;
}

COLD bool profile_about(const void *p, uintptr_t *allocated_by, uintptr_t *freed_by) {
    size_t size;
    const struct profile_place *place = NULL;
    *allocated_by = *freed_by = 0;
    if (!profile_lock()) return false;
    place = profile_find(p, &size);
    if (place && place->depth > 0) *allocated_by = place->pcs[0];
    for (uint32_t i = past_count; !place && i > 0 && past_count - i < PAST_MAX; i--) {
        if (past[(i - 1) % PAST_MAX].p != (uintptr_t)p) continue;
        *allocated_by = past[(i - 1) % PAST_MAX].allocated_by;
        *freed_by = past[(i - 1) % PAST_MAX].freed_by;
        break;
    }
    profile_unlock();
    return *allocated_by != 0;
}
