/* The verifier, level 2: blocks tile its units, know their left neighbours, and never touch when free. */
/* SPDX-License-Identifier: MIT */
#include "inspect/spans.h"
#include "inspect/verify_parts.h"
#include "span/medium.h"

/* Slots 1 and 2 of a block that somebody has listed hold the link. */
static uint32_t link_slots(const struct medium_walk *block) {
    if (block->state == GRANULE_USED) return 0;
    return block->count >= MEDIUM_GRANULES_MIN ? 2 : 0;
}

typedef bool block_holds(const struct medium_walk *block);

static bool all_blocks(block_holds *holds) {
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_MEDIUM) continue;
        struct medium_walk block = {0};
        while (medium_walk_next(&walk, &block)) {
            if (!holds(&block)) return false;
        }
        if (block.broken) return false;
    }
    return true;
}

static bool inner_slots_are_empty(const struct medium_walk *block) {
    for (uint32_t i = 1 + link_slots(block); i < block->count; i++) {
        if (block->slot[i].head != 0) return false;
    }
    return true;
}

COLD bool verify_medium_blocks(void) {
    return all_blocks(inner_slots_are_empty);
}

static bool right_knows(const struct medium_walk *block) {
    return block->slot[block->count].before == block->count;
}

COLD bool verify_medium_before(void) {
    return all_blocks(right_knows);
}

static bool right_is_not_free_too(const struct medium_walk *block) {
    return block->state != GRANULE_FREE || granule_state(block->slot + block->count) != GRANULE_FREE;
}

COLD bool verify_medium_coalesced(void) {
    return all_blocks(right_is_not_free_too);
}

struct sums {
    uint32_t units, free_granules, free_blocks, deferred;
};

static void add_blocks(const struct extent_walk *walk, struct sums *sums) {
    struct medium_walk block = {0};
    while (medium_walk_next(walk, &block)) {
        sums->free_granules += block.state == GRANULE_FREE ? block.count : 0;
        sums->free_blocks += block.state == GRANULE_FREE;
        sums->deferred += block.state == GRANULE_DEFERRED;
    }
}

static uint32_t length_of_deferred(void) {
    uint32_t length = 0;
    for (struct granule *slot = load_acquire(medium.deferred); slot; length++)
        slot = (struct granule *)((struct tlsf_node *)(slot + 1))->next;
    return length;
}

COLD bool verify_medium_sum(void) {
    struct sums sums = {0};
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_MEDIUM) continue;
        sums.units += walk.units;
        add_blocks(&walk, &sums);
    }
    if (sums.free_granules != medium.free_granules) return false;
    if (!config_bounded && sums.free_blocks != medium.free_blocks) return false;
    if (inspect_has_lost()) return sums.units >= medium.used_units && sums.deferred >= length_of_deferred();
    return sums.units == medium.used_units && sums.deferred == length_of_deferred();
}
