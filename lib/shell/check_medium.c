/* What is wrong with the slots of medium blocks, and with what is linked through them, in words. */
/* SPDX-License-Identifier: MIT */
#include "heap/cache.h"
#include "shell/parts.h"

static const char *state_name(uint32_t state) {
    switch (state) {
    case GRANULE_NONE: return "none";
    case GRANULE_USED: return "used";
    case GRANULE_FREE: return "free";
    case GRANULE_CACHED: return "kept";
    case GRANULE_DEFERRED: return "deferred";
    default: return "unknown";
    }
}

static bool is_state(uint32_t state) {
    return state >= GRANULE_USED && state <= GRANULE_DEFERRED;
}

/* How many granules follow whose `before` does not say that a block ends there. */
static uint32_t count_by_right(const struct granule *slot, const struct granule *end) {
    uint32_t most = (uint32_t)(end - slot);
    for (uint32_t count = 1; count <= most; count++) {
        if (slot[count].before == count && (count == most || is_state(granule_state(slot + count)))) return count;
    }
    return 0;
}

static uint32_t say_head(struct shell *shell, const struct granule *slot, uint32_t wanted) {
    uint32_t count = granule_count(slot), state = granule_state(slot);
    shell_fail(shell, "%p: ", (void *)(uintptr_t)slot);
    if (!is_state(state))
        shell_fail(shell, "a block should begin here, but its state is %u (%s)\n", state >> 28, state_name(state));
    else if (wanted > 0)
        shell_fail(shell, "this block (%s) should have %u granules, as its right neighbour says, and has %u\n",
                   state_name(state), wanted, count);
    else
        shell_fail(shell, "this block (%s) says %u granules, and no right neighbour bears that out\n",
                   state_name(state), count);
    return 1;
}

/* Check that the slots inside of a block are 0, but for the links of a block that is listed. */
static uint32_t check_inner(struct shell *shell, const struct medium_walk *block) {
    uint32_t linked = block->state != GRANULE_USED && block->count >= MEDIUM_GRANULES_MIN ? 2 : 0;
    for (uint32_t i = 1 + linked; i < block->count; i++) {
        if (block->slot[i].head == 0) continue;
        shell_fail(shell, "%p: it lies inside of the block of %u granules at %p and should be 0, and is 0x%x\n",
                   (void *)(block->slot + i), block->count, (void *)block->slot, block->slot[i].head);
        return 1;
    }
    return 0;
}

static uint32_t check_free(struct shell *shell, const struct medium_walk *block, const struct granule *end) {
    uint32_t found = 0;
    if (block->state != GRANULE_FREE) return 0;
    const struct granule *right = block->slot + block->count;
    if (right < end && granule_state(right) == GRANULE_FREE) {
        shell_fail(shell, "%p and %p: two free blocks touch, they should be one\n", (void *)block->slot,
                   (void *)(uintptr_t)right);
        found++;
    }
    if (block->count < MEDIUM_GRANULES_MIN) return found;
    const struct tlsf_node *node = (const struct tlsf_node *)(block->slot + 1);
    bool dirty = !(block->slot->head & (GRANULE_PURGED | GRANULE_ZERO));
    const struct tlsf_node *links[2] = {node->next, tlsf_before(dirty ? &medium.dirty : &medium.purged, node)};
    for (int i = 0; i < 2; i++) {
        const struct granule *to = links[i] ? shell_slot_of(links[i]) : NULL;
        if (!links[i] || (to && granule_state(to) == GRANULE_FREE)) continue;
        shell_fail(shell,
                   "%p: the free block's link to the %s should be 0 or lead to another one's, and "
                   "is 0x%lx\n",
                   (void *)(i == 0 ? &node->next : &node->prev), i == 0 ? "next" : "previous",
                   (unsigned long)(uintptr_t)links[i]);
        found++;
    }
    return found;
}

static uint32_t check_extent(struct shell *shell, const struct extent_walk *extent) {
    struct granule *end = extent_slots(extent) + extent_granules(extent);
    struct medium_walk block = {0};
    uint32_t found = 0;
    while (medium_walk_next(extent, &block)) {
        const struct granule *right = block.slot + block.count;
        if (right->before != block.count) {
            uint32_t wanted = count_by_right(block.slot, end);
            if (wanted > 0 && wanted != block.count) return found + say_head(shell, block.slot, wanted);
            shell_fail(shell, "%p: it should say that %u granules stand to its left, and says %u\n",
                       (void *)(uintptr_t)&right->before, block.count, right->before);
            found++;
        }
        found += check_inner(shell, &block) + check_free(shell, &block, end);
    }
    if (block.broken) found += say_head(shell, block.slot, count_by_right(block.slot, end));
    return found;
}

/* ---- the medium cache ---- */

/* Check one list of a cache. It is followed only from blocks whose slots are right. */
static uint32_t check_kept(struct shell *shell, const struct heap *heap, uint32_t count) {
    uint32_t left = CACHE_SUM_MAX;
    char *const *place = &heap->cache[count];
    while (*place && left-- > 0) {
        struct granule *slot = shell_cached_slot(*place);
        if (!slot) {
            shell_fail(shell,
                       "%p: the list of kept blocks of %u granules should go on with one or end, "
                       "and says %p\n",
                       (void *)(uintptr_t)place, count, (void *)*place);
            return 1;
        }
        if (slot->head != (count | GRANULE_CACHED)) {
            shell_fail(shell, "%p: it is in the list of kept blocks of %u granules, but says %u granules, %s\n",
                       (void *)slot, count, granule_count(slot), state_name(granule_state(slot)));
            return 1;
        }
        place = cache_link(slot);
    }
    if (!*place) return 0;
    shell_fail(shell, "%p: the list of kept blocks of %u granules has a loop\n", (void *)(uintptr_t)place, count);
    return 1;
}

/* True when a heap keeps the block: in the list of its size, or as the one freed last. */
static bool is_kept(const struct granule *slot) {
    uint32_t count = granule_count(slot);
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (heap->state != HEAP_LIVE) continue;
        if (heap->recent_medium == slot) return true;
        const char *memory = count <= CACHE_GRANULES_MAX ? heap->cache[count] : NULL;
        for (; memory; memory = *cache_link(shell_cached_slot(memory))) {
            if (shell_cached_slot(memory) == slot) return true;
        }
    }
    return false;
}

/* Find cached blocks that no heap keeps, once check_kept() found the lists sound. A fork may have lost some. */
static uint32_t check_lost(struct shell *shell, const struct extent_walk *extent) {
    struct medium_walk block = {0};
    uint32_t found = 0;
    while (medium_walk_next(extent, &block)) {
        if (block.state != GRANULE_CACHED || is_kept(block.slot) || inspect_has_lost()) continue;
        shell_fail(shell, "%p: this block of %u granules says kept, but no heap keeps it\n", (void *)block.slot,
                   block.count);
        found++;
    }
    return found;
}

uint32_t shell_check_medium(struct shell *shell) {
    uint32_t found = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind == UNIT_MEDIUM) found += check_extent(shell, &walk);
    }
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (heap->state != HEAP_LIVE) continue;
        for (uint32_t count = 0; count <= CACHE_GRANULES_MAX; count++) found += check_kept(shell, heap, count);
    }
    for (walk = (struct extent_walk){0}; found == 0 && extent_walk_next(&walk);) {
        if (walk.line->kind == UNIT_MEDIUM) found += check_lost(shell, &walk);
    }
    return found;
}
