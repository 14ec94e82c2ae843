/* Checks of the small heap: every equation of small.h, and sums. */
/* SPDX-License-Identifier: MIT */
#include "small_check.h"

/* A free block is the first of the list of its size, or the next of the one before it. */
static bool is_listed(const struct small *heap, struct head *head) {
    const struct tlsf_node *node = node_of(head);
    struct tlsf_node **first = tlsf_head(&heap->index, tlsf_lists(count_of(head)).exact);
    if (node->prev == (struct tlsf_node *)first) return *first == node;
    return region_of(heap, node->prev) && node->prev->next == node;
}

static bool slab_holds(const struct small *heap, const struct slab *slab) {
    uint32_t free = 0;
    for (const struct block *block = slab->free; block != BLOCK_END; block = block->next, free++) {
        if (slab_of(block) != slab || !block_is_free(block, heap->secret) || free > slab->carved) return false;
    }
    return slab->used + free == slab->carved;
}

static const char *check_block(const struct small *heap, const struct region *region, struct head *head,
                               const struct head *before) {
    if (head->left != (before ? count_of(before) : 0)) return "left";
    if (head == region->end) return NULL;
    if (count_of(head) < COUNT_LEAST || right_of(head) > region->end) return "left";
    if (is_used(head))
        return is_in_slab(region, node_of(head)) && !slab_holds(heap, (struct slab *)node_of(head)) ? "slab" : NULL;
    if (before && !is_used(before)) return "coalesced";
    return is_listed(heap, head) ? NULL : "index";
}

/* The number of nodes in the index, counted up to `most` + 1. */
static size_t listed_nodes(const struct small *heap, size_t most) {
    size_t nodes = 0;
    for (size_t list = 0; list < TLSF_LISTS; list++)
        for (struct tlsf_node *node = *tlsf_head(&heap->index, list); node && nodes <= most; node = node->next) nodes++;
    return nodes;
}

const char *small_check_heap(const struct small *heap) {
    size_t free_blocks = 0, used = 0, free = 0;
    for (struct region *region = heap->regions; region; region = region->next) {
        struct head *before = NULL;
        for (struct head *head = region->first;; before = head, head = right_of(head)) {
            const char *broken = check_block(heap, region, head, before);
            if (broken) return broken;
            if (head == region->end) break;
            *(is_used(head) ? &used : &free) += (size_t)count_of(head) * GRANULE_BYTES;
            free_blocks += !is_used(head);
        }
    }
    if (listed_nodes(heap, free_blocks) != free_blocks) return "index";
    return used == heap->used_bytes && free == heap->free_bytes ? NULL : "sums";
}

void small_stats_heap(const struct small *heap, struct small_stats *stats) {
    *stats = (struct small_stats){.used_bytes = heap->used_bytes, .free_bytes = heap->free_bytes};
    for (struct region *region = heap->regions; region; region = region->next) {
        for (struct head *head = region->first; head != region->end; head = right_of(head)) {
            stats->slabs += is_used(head) && is_in_slab(region, node_of(head));
            if (is_used(head)) continue;
            stats->free_blocks++;
            stats->largest_bytes = max_size(stats->largest_bytes, block_bytes(head));
        }
    }
}

void small_each(const struct small *heap, void (*visit)(void *context, void *p), void *context) {
    for (struct region *region = heap->regions; region; region = region->next) {
        for (struct head *head = region->first; head != region->end; head = right_of(head)) {
            if (!is_used(head)) continue;
            if (is_in_slab(region, node_of(head)))
                slab_each(heap, (struct slab *)node_of(head), visit, context);
            else
                visit(context, node_of(head));
        }
    }
}
