/* The small heap's face, heapalloc/heap.h: regions, and which way a request goes. */
#include "small.h"
#include <heapalloc/heap.h>
#include <heapalloc/port.h>

struct region *region_of(const void *p) {
    struct region *region = small.regions;
    while (region &&
           !((const char *)p > (char *)region->first && (const char *)p < (char *)region->end))
        region = region->next;
    return region;
}

/* [ struct, map ][ one free block ][ end ] */
bool heap_add_region(void *start, size_t bytes) {
    struct region *region = (struct region *)round_up((uintptr_t)start, 16);
    uintptr_t from = (uintptr_t)region, to = round_down((uintptr_t)start + bytes, 16);
    size_t map = config_slabs ? bytes / SLAB_BYTES / 8 + 2 : 0;
    uintptr_t first =
        round_up(from + sizeof *region + map + sizeof(struct head), 16) - sizeof(struct head);
    if (to < (uintptr_t)start || to > from + SMALL_SIZE_MOST || first + 256 > to) return false;
    for (struct region *other = small.regions; other; other = other->next)
        if (from < (uintptr_t)(other->end + 1) && (uintptr_t)other < to) return false;
    uint32_t count = (uint32_t)((to - sizeof(struct head) - first) / GRANULE_BYTES);
    memset(region, 0, sizeof *region + map);
    *region = (struct region){small.regions, (struct head *)first,
                              (struct head *)(first + (size_t)count * GRANULE_BYTES)};
    *region->first = (struct head){0, count << 1 | USED};
    *region->end = (struct head){count, USED};
    small.regions = region;
    small.used_bytes += (size_t)count * GRANULE_BYTES;
    block_give(region->first);
    return true;
}

bool heap_init(void *start, size_t bytes) {
    if (small.regions || !heap_add_region(start, bytes)) return false;
    small.secret = block_secret(port_random());
    return true;
}

/* A used block's head; what is none ends the program. Both neighbours must agree that a block is
 * here. */
static struct head *checked(const char *function, const struct region *region, const void *p) {
    struct head *head = head_of(p);
    if ((uintptr_t)p % 16 != 0) check_misuse(function, p, "is no block's start");
    if (!is_used(head)) check_misuse(function, p, "is already free");
    struct head *right = right_of(head), *left = left_of(head);
    bool agree = right > head && right <= region->end && right->left == count_of(head) &&
                 left >= region->first && (head == region->first || count_of(left) == head->left);
    if (!agree) check_misuse(function, p, "is no block's start, or its head was written to");
    return head;
}

static struct region *known(const char *function, const void *p) {
    struct region *region = region_of(p);
    if (!region) check_misuse(function, p, port_on_stack(p) ? "is on a stack" : "is not ours");
    return region;
}

void *heap_alloc(size_t size) {
    if (config_slabs && size <= SLAB_MOST) {
        void *p = slab_alloc(size);
        if (p) return p;
    }
    struct head *head = block_take(size, GRANULE_BYTES);
    return head ? node_of(head) : NULL;
}

void *heap_alloc_zeroed(size_t size) {
    void *p = heap_alloc(size);
    return p ? memset(p, 0, size) : NULL;
}

void *heap_alloc_aligned(size_t size, size_t align) {
    if (align <= GRANULE_BYTES) return heap_alloc(size);
    struct head *head = block_take(size, align);
    return head ? node_of(head) : NULL;
}

void heap_free(void *p) {
    if (!p) return;
    struct region *region = known("free", p);
    if (is_in_slab(region, p))
        slab_free(p);
    else
        block_give(checked("free", region, p));
}

void *heap_realloc(void *p, size_t size) {
    if (!p) return heap_alloc(size);
    if (size == 0) {
        heap_free(p);
        return NULL;
    }
    struct region *region = known("realloc", p);
    size_t bytes;
    if (is_in_slab(region, p)) {
        bytes = slab_checked("realloc", p)->bytes;
        if (size <= bytes && size > bytes / 2) return p;
    } else {
        struct head *head = checked("realloc", region, p);
        if (block_resize(head, size)) return p;
        bytes = block_bytes(head);
    }
    void *new = heap_alloc(size);
    if (!new) return size <= bytes ? p : NULL;
    memcpy(new, p, min_size(bytes, size));
    heap_free(p);
    return new;
}
