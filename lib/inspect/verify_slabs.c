/* The verifier, slabs: all of their blocks are accounted for, and each slab is where its state says. */
/* SPDX-License-Identifier: MIT */
#include "heap/abandoned.h"
#include "heap/heap.h"
#include "inspect/slab_map.h"
#include "inspect/spans.h"
#include "inspect/verify_parts.h"

typedef bool slab_holds(const struct unit *slab);

/* True for a slab of a heap that a fork has lost: nothing about it need hold until it is recovered. */
static bool is_of_lost(const struct unit *slab) {
    return slab->owner && slab->owner->state == HEAP_LEFT_BY_FORK;
}

static bool all_slabs(slab_holds *holds) {
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind == UNIT_SLAB && !is_of_lost(walk.line) && !holds(walk.line)) return false;
    }
    return true;
}

static bool has_right_shape(const struct unit *slab) {
    if (slab->class == 0 || slab->class >= CLASS_COUNT) return false;
    const struct class_shape *shape = &class_shapes[slab->class];
    return slab->block_bytes == shape->block_bytes && slab->recip == shape->recip &&
           slab->carved_blocks <= shape->capacity_blocks &&
           slab->start_limit == (slab_purged_pages(slab) || slab->flags & UNIT_SAMPLED
                                     ? 0
                                     : slab->carved_blocks * class_start_step(shape)) &&
           slab->resident_blocks == slab_blocks_kept(slab);
}

static bool counts_are_right(const struct unit *slab) {
    struct slab_map map;
    if (!has_right_shape(slab) || !slab_map_fill(&map, slab)) return false;
    uint32_t used = slab_used(slab);
    return used + map.listed == slab->resident_blocks && map.remote + map.binned <= used;
}

COLD bool verify_slab_counts(void) {
    return all_slabs(counts_are_right);
}

static bool is_partial_in(const struct unit *slab, const struct slab_queue *queue) {
    return (slab->prev ? slab->prev->next : queue->first) == slab &&
           (slab->next ? slab->next->prev : queue->last) == slab;
}

static bool is_pending(const struct unit *slab) {
    const struct unit *pending = load_acquire(abandoned[slab->class].pending);
    while (pending && pending != slab) pending = pending->next;
    return pending;
}

static bool has_its_place(const struct unit *slab) {
    uint32_t word = load_acquire(slab->remote);
    const struct heap *owner = slab->owner;
    bool waits = slab->flags & UNIT_PARTIAL;
    if (word & REMOTE_OWNED) {
        if (word & REMOTE_LISTED) return false;
        if (!owner) return is_pending(slab) || inspect_has_lost();
        if (!heap_is_readable(owner)) return false;
        bool current = owner->classes[slab->class].current == slab;
        return current != waits && (current || is_partial_in(slab, &owner->classes[slab->class].partial));
    }
    if (owner || waits) return false;
    if (word & REMOTE_LISTED) return is_partial_in(slab, &abandoned[slab->class].queue);
    return word == 0 && slab->free == BLOCK_END && slab_uncarved(slab) == 0;
}

COLD bool verify_slab_owners(void) {
    return all_slabs(has_its_place);
}

static uint32_t listed_slabs(void) {
    uint32_t count = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk))
        count += walk.line->kind == UNIT_SLAB && load_acquire(walk.line->remote) & REMOTE_LISTED;
    return count;
}

COLD bool verify_abandoned(void) {
    uint32_t left = listed_slabs();
    for (uint32_t class = 0; class < CLASS_COUNT; ++class) {
        const struct unit *prev = NULL;
        size_t count = 0;
        for (const struct unit *slab = abandoned[class].queue.first; slab; prev = slab, slab = slab->next, count++) {
            if (left-- == 0 || slab->prev != prev) return false;
            if (slab->kind != UNIT_SLAB || slab->class != class || !(load_acquire(slab->remote) & REMOTE_LISTED))
                return false;
        }
        if (abandoned[class].queue.count != count) return false;
    }
    return left == 0;
}
