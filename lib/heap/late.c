/* Allocation for threads whose last destructor has run. */
#include "heap/late.h"
#include "heap/alloc.h"

struct lock late_lock = {LOCK_FREE, RANK_LATE};
static struct heap *late_heap;

void *late_alloc(size_t size) {
    if (size > ALLOC_BYTES_MAX) return NULL;
    if (!lock_take(&late_lock)) return NULL;
    if (!late_heap) late_heap = heap_create();
    void *p = late_heap ? alloc_live(late_heap, size) : NULL;
    lock_give(&late_lock);
    return p;
}

bool late_owns(const struct heap *heap) {
    return heap == late_heap;
}
