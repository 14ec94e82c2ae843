/* Blocks with header words, in regions and in the two-level index: taken and given back in constant time. */
/* SPDX-License-Identifier: MIT */
#include "small.h"

struct region *region_of(const struct small *heap, const void *p) {
    struct region *region = heap->regions;
    while (region && !((const char *)p > (char *)region->first && (const char *)p < (char *)region->end))
        region = region->next;
    return region;
}

static void enter(struct small *heap, struct head *head, uint32_t count) {
    head->word = count << 1;
    right_of(head)->left = count;
    tlsf_put(&heap->index, node_of(head), count);
}

/* [ free ] => [ used, count ][ rest, free ], or all of it where the rest would be no block */
static struct head *cut(struct small *heap, struct head *head, uint32_t have, uint32_t count) {
    if (have - count >= COUNT_LEAST) {
        head->word = count << 1 | USED;
        struct head *rest = right_of(head);
        rest->left = count;
        enter(heap, rest, have - count);
    } else {
        count = have;
        head->word = count << 1 | USED;
    }
    heap->used_bytes += (size_t)count * GRANULE_BYTES;
    heap->free_bytes -= (size_t)count * GRANULE_BYTES;
    heap->peak_bytes = max_size(heap->peak_bytes, heap->used_bytes);
    heap->least_bytes = min_size(heap->least_bytes, heap->free_bytes);
    return head;
}

static uint32_t count_for(size_t size) {
    uint32_t count = (uint32_t)((size + sizeof(struct head) + GRANULE_BYTES - 1) / GRANULE_BYTES);
    return count < COUNT_LEAST ? COUNT_LEAST : count;
}

static struct head *find(struct small *heap, uint32_t count) {
    struct tlsf_lists lists = tlsf_lists(count);
    struct tlsf_node *node = *tlsf_head(&heap->index, lists.exact);
    size_t list = node && count_of(head_of(node)) >= count ? lists.exact : tlsf_next_list(&heap->index, lists.enough);
    if (list == 0) return NULL;
    node = *tlsf_head(&heap->index, list);
    if (node->prev != (struct tlsf_node *)tlsf_head(&heap->index, list) ||
        (node->next && (!region_of(heap, node->next) || node->next->prev != node)))
        check_misuse("malloc", node, "was written to after it was freed: corrupted list");
    return head_of(tlsf_pop(&heap->index, list));
}

/* [ free ] => [ free, skipped ][ what is aligned ] */
static struct head *skip_to(struct small *heap, struct head *head, size_t align) {
    size_t skip = round_up((uintptr_t)node_of(head), align) - (uintptr_t)node_of(head);
    if (skip == 0) return head;
    if (skip < COUNT_LEAST * GRANULE_BYTES)
        skip += align < COUNT_LEAST * GRANULE_BYTES ? COUNT_LEAST * GRANULE_BYTES : align;
    uint32_t count = (uint32_t)(skip / GRANULE_BYTES), all = count_of(head);
    struct head *aligned = (struct head *)((char *)head + skip);
    aligned->word = (all - count) << 1;
    right_of(aligned)->left = all - count;
    enter(heap, head, count); /* stores the skipped size in aligned->left */
    return aligned;
}

struct head *block_take(struct small *heap, size_t size) {
    if (size > SMALL_SIZE_MOST) return NULL;
    uint32_t count = count_for(size);
    struct head *head = find(heap, count);
    return head ? cut(heap, head, count_of(head), count) : NULL;
}

struct head *block_take_aligned(struct small *heap, size_t size, size_t align) {
    if (size > SMALL_SIZE_MOST || align > SMALL_SIZE_MOST) return NULL;
    uint32_t count = count_for(size), spare = (uint32_t)(align / GRANULE_BYTES) + COUNT_LEAST;
    struct head *head = find(heap, count + spare);
    if (!head) return NULL;
    head = skip_to(heap, head, align);
    return cut(heap, head, count_of(head), count);
}

/* [ left ][ this ][ right ] => [ -- free -- ] */
void block_give(struct small *heap, struct head *head) {
    uint32_t count = count_of(head);
    struct head *right = right_of(head), *left = left_of(head);
    heap->used_bytes -= (size_t)count * GRANULE_BYTES;
    heap->free_bytes += (size_t)count * GRANULE_BYTES;
    if (!is_used(right)) {
        tlsf_drop(&heap->index, node_of(right));
        count += count_of(right);
        right->word = 0;
    }
    if (head->left > 0 && !is_used(left)) {
        tlsf_drop(&heap->index, node_of(left));
        count += count_of(left);
        head->word = 0;
        head = left;
    }
    enter(heap, head, count);
}

bool block_resize(struct small *heap, struct head *head, size_t size) {
    if (size > SMALL_SIZE_MOST) return false;
    uint32_t have = count_of(head), count = count_for(size);
    struct head *right = right_of(head);
    if (!is_used(right)) {
        uint32_t room = count_of(right);
        if (have + room < count) return false;
        tlsf_drop(&heap->index, node_of(right));
        right->word = 0;
        have += room;
        heap->free_bytes += (size_t)(have - room) * GRANULE_BYTES; /* all of it is free, for cut() */
        heap->used_bytes -= (size_t)(have - room) * GRANULE_BYTES;
        head->word = have << 1;
        right_of(head)->left = have;
        cut(heap, head, have, count);
    } else if (have < count) {
        return false;
    } else if (have - count >= COUNT_LEAST) {
        head->word = count << 1 | USED;
        struct head *rest = right_of(head);
        *rest = (struct head){count, (have - count) << 1 | USED};
        block_give(heap, rest);
    }
    return true;
}
