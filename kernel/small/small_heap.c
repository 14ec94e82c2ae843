/* One small heap: its regions, and whether slabs or blocks serve a request. */
/* SPDX-License-Identifier: MIT */
#include "small.h"
#include <heapalloc/port.h>

/* [ struct, map ][ one free block ][ end ] */
bool small_add_region(struct small *heap, void *start, size_t bytes) {
    struct region *region = (struct region *)round_up((uintptr_t)start, 16);
    uintptr_t from = (uintptr_t)region, to = round_down((uintptr_t)start + bytes, 16);
    size_t map = config_slabs ? bytes / SLAB_BYTES / 8 + 2 : 0;
    uintptr_t first = round_up(from + sizeof *region + map + sizeof(struct head), 16) - sizeof(struct head);
    if (to < (uintptr_t)start || to > from + SMALL_SIZE_MOST || first + 256 > to) return false;
    for (struct region *other = heap->regions; other; other = other->next)
        if (from < (uintptr_t)(other->end + 1) && (uintptr_t)other < to) return false;
    uint32_t count = (uint32_t)((to - sizeof(struct head) - first) / GRANULE_BYTES);
    memset(region, 0, sizeof *region + map);
    *region =
        (struct region){heap->regions, (struct head *)first, (struct head *)(first + (size_t)count * GRANULE_BYTES)};
    *region->first = (struct head){0, count << 1 | USED};
    *region->end = (struct head){count, USED};
    heap->regions = region;
    heap->used_bytes += (size_t)count * GRANULE_BYTES;
    heap->least_bytes = SIZE_MAX; /* the least free memory so far is the present amount */
    block_give(heap, region->first);
    heap->least_bytes = heap->free_bytes;
    return true;
}

bool small_init(struct small *heap, void *start, size_t bytes) {
    if (heap->regions || !small_add_region(heap, start, bytes)) return false;
    heap->secret = block_secret(port_random());
    return true;
}

/* The header of a used block; any other address ends the program. Both neighbours must confirm that a block is here. */
static struct head *checked(const char *function, const struct region *region, const void *p) {
    struct head *head = head_of(p);
    if ((uintptr_t)p % 16 != 0) check_misuse(function, p, "is no block's start");
    if (!is_used(head)) check_misuse(function, p, "is already free");
    struct head *right = right_of(head), *left = left_of(head);
    bool agree = right > head && right <= region->end && right->left == count_of(head) && left >= region->first &&
                 (head == region->first || count_of(left) == head->left);
    if (!agree) check_misuse(function, p, "is no block's start, or its head was written to");
    return head;
}

static struct region *known(const struct small *heap, const char *function, const void *p) {
    struct region *region = region_of(heap, p);
    if (!region) check_misuse(function, p, port_on_stack(p) ? "is on a stack" : "is not ours");
    return region;
}

void *small_alloc(struct small *heap, size_t size) {
    if (config_slabs && size <= SLAB_MOST) {
        void *p = slab_alloc(heap, size);
        if (p) return p;
    }
    struct head *head = block_take(heap, size);
    if (head) return node_of(head);
    return config_slabs && size < SLAB_MOST ? slab_alloc_larger(heap, size) : NULL;
}

void *small_alloc_aligned(struct small *heap, size_t size, size_t align) {
    if (!is_power_of_two(align)) return NULL;
    if (align <= GRANULE_BYTES) return small_alloc(heap, size);
    struct head *head = block_take_aligned(heap, size, align);
    return head ? node_of(head) : NULL;
}

void small_free(struct small *heap, void *p) {
    if (!p) return;
    struct region *region = known(heap, "free", p);
    if (is_in_slab(region, p))
        slab_free(heap, p);
    else
        block_give(heap, checked("free", region, p));
}

void small_expect(const struct small *heap, const char *function, const void *p) {
    const struct region *region = known(heap, function, p);
    if (is_in_slab(region, p))
        slab_checked(heap, function, p);
    else
        checked(function, region, p);
}

size_t small_usable(const struct small *heap, const void *p) {
    return is_in_slab(region_of(heap, p), p) ? slab_of(p)->bytes : block_bytes(head_of(p));
}

bool small_resize(struct small *heap, void *p, size_t size) {
    if (!is_in_slab(region_of(heap, p), p)) return block_resize(heap, head_of(p), size);
    size_t bytes = slab_of(p)->bytes;
    return size <= bytes && size > bytes / 2;
}

void *small_realloc(struct small *heap, void *p, size_t size) {
    if (!p) return small_alloc(heap, size);
    if (size == 0) {
        small_free(heap, p);
        return NULL;
    }
    small_expect(heap, "realloc", p);
    if (small_resize(heap, p, size)) return p;
    size_t bytes = small_usable(heap, p);
    void *new = small_alloc(heap, size);
    if (!new) return size <= bytes ? p : NULL;
    memcpy(new, p, min_size(bytes, size));
    small_free(heap, p);
    return new;
}

/* [ struct, map ][ one free block ][ end ] => the caller's */
bool small_remove_region(struct small *heap, const void *start, size_t bytes) {
    const char *from = (const char *)round_up((uintptr_t)start, 16);
    struct region **link = &heap->regions, *region;
    while (*link && (const char *)*link != from) link = &(*link)->next;
    region = *link;
    if (!region || (size_t)((const char *)(region->end + 1) - (const char *)start) > bytes) return false;
    if (config_slabs) slabs_trim(heap);
    if (is_used(region->first) || right_of(region->first) != region->end) return false;
    tlsf_drop(&heap->index, node_of(region->first));
    heap->free_bytes -= (size_t)count_of(region->first) * GRANULE_BYTES;
    heap->least_bytes = heap->free_bytes; /* since now */
    *link = region->next;
    return true;
}
