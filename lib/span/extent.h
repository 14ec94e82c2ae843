/* Free extents of level 1: how they enter their index and leave it, are found and cut. Under the units lock. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/age.h"

INLINE struct unit *extent_of(struct tlsf_node *node) {
    return (struct unit *)((char *)node - offsetof(struct unit, node));
}

INLINE struct tlsf *extent_index(const struct unit *unit) {
    return unit->flags & UNIT_UNMAPPED ? &units.unmapped : unit->flags & UNIT_CLEAN ? &units.clean : &units.dirty;
}

INLINE uint32_t *extent_sum(const struct unit *unit) {
    return unit->flags & UNIT_UNMAPPED ? &units.unmapped_units
           : unit->flags & UNIT_CLEAN  ? &units.clean_units
                                       : &units.dirty_units;
}

/* Make [head, head+count) a free extent of head's state, and enter it in its index. The caller sets its age. */
static inline void extent_enter(struct unit *head, uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(count > 0 && (head->flags & UNIT_STATES) != UNIT_STATES);
    debug_check(span_line_memory(head) == head->memory);
    unit_become(head, UNIT_FREE);
    head->count = count;
    if (count > 1) {
        unit_become(&head[count - 1], UNIT_FREE_LAST);
        head[count - 1].count = count;
    }
    tlsf_put(extent_index(head), &head->node, count);
    guarded_add(*extent_sum(head), count);
    if (unlikely(head->flags & UNIT_UNMAPPED)) guarded_add(units.unmapped_extents, 1);
}

/* Undo extent_enter(): the lines say INSIDE again, except the head, which the caller fills. */
static inline void extent_leave(struct unit *head) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(head->kind == UNIT_FREE && head[head->count - 1].count == head->count);
    debug_check(*extent_sum(head) >= head->count);
    tlsf_drop(extent_index(head), &head->node);
    guarded_add(*extent_sum(head), -head->count);
    if (unlikely(head->flags & UNIT_UNMAPPED)) guarded_add(units.unmapped_extents, -1);
    unit_become(&head[head->count - 1], UNIT_INSIDE);
}

INLINE struct unit *extent_find(const struct tlsf *index, uint32_t count) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(count > 0);
    struct tlsf_node *node = tlsf_at(index, count);
    if (node && extent_of(node)->count >= count) return extent_of(node);
    node = tlsf_find(index, count);
    return node ? extent_of(node) : NULL;
}

INLINE void extent_note_least(void) {
    debug_check(lock_is_mine(&units.lock));
    if (units.dirty_units < units.least_dirty[0]) units.least_dirty[0] = units.dirty_units;
}

/* It is noted when units are taken; in the bounded build, whose longest calls take some, before they are given. */
INLINE void extent_note_taken(void) {
    if (!config_bounded) extent_note_least();
}
INLINE void extent_note_given(void) {
    if (config_bounded) extent_note_least();
}

INLINE struct unit *extent_hand_out(struct unit *unit, uint32_t count, enum unit_kind kind) {
    debug_check(lock_is_mine(&units.lock));
    debug_check(count > 0 && kind != UNIT_FREE && kind != UNIT_FREE_LAST);
    unit->owner = NULL;
    unit->block_bytes = 0;
    unit->count = count;
    unit->flags &= UNIT_CLEAN;
    store_relaxed(unit->kind, (uint8_t)kind);
    guarded_add(units.used_units, count);
    extent_note_taken();
    return unit;
}

/* Cut `count` units off the front of a free extent.   [ free ] => [ taken ][ rest: as old as before ] */
void extent_cut_front(struct unit *free, uint32_t count);

/* The free extent to the left of `unit`, and in its state; NULL: there is none. */
INLINE struct unit *extent_left(const struct unit *unit) {
    const struct unit *last = unit - 1;
    uint8_t kind = load_relaxed(last->kind); /* its holder may change it, but not to or from FREE */
    if (kind != UNIT_FREE && kind != UNIT_FREE_LAST) return NULL;
    const struct unit *head = last - (last->count - 1);
    return (head->flags ^ unit->flags) & UNIT_STATES ? NULL : (struct unit *)head;
}

/* The same to the right. */
INLINE struct unit *extent_right(const struct unit *unit) {
    const struct unit *head = unit + unit->count;
    if (load_relaxed(head->kind) != UNIT_FREE || (head->flags ^ unit->flags) & UNIT_STATES) return NULL;
    return (struct unit *)head;
}
