/* realloc: a block that cannot stay where it is. */
/* SPDX-License-Identifier: MIT */
#include "heap/resize_copy.h"
#include "heap/cache.h"
#include "heap/entry_alloc.h"
#include "heap/free.h"
#include "heap/resize_room.h"
#include "span/purge.h"
#include <heapalloc/port.h>

enum {
    COPY_PAGE_BYTES = 4096,
    COPY_STEP_BYTES = 2 << 20,
    COPY_PURGED_MIN = 8 << 20, /* a dense block below leaves its memory to the next one that is copied */
};

/* A block for one that grows. What grows in small steps gets room, its own and beside it; what doubles gets the size it
 * asked for, from the cache if that has it. */
static void *take_for_growth(struct heap *heap, size_t size, size_t old_bytes) {
    debug_check(size > CLASS_BYTES_MAX && heap->state == HEAP_LIVE);
    size_t wish = resize_with_slack(size, old_bytes);
    if (wish > size) return alloc_wide(heap, wish, ALLOC_ANYHOW, ALLOC_ROOMY);
    void *p = size <= CACHE_BYTES_MAX && CACHE_SUM_MAX > 0 ? cache_pop(heap, cache_granules(size)) : NULL;
    return p ? p : alloc_wide(heap, size, ALLOC_ANYHOW, ALLOC_TIGHT);
}

STARTUP_TEXT void *resize_by_copy(void *p, size_t old_bytes, size_t size, enum alloc_room room) {
    debug_check(p != NULL && old_bytes > 0);
    struct heap *heap = heap_self;
    void *new = NULL;
    if (room == ALLOC_ROOMY && heap->state == HEAP_LIVE && size > CLASS_BYTES_MAX && size <= ALLOC_BYTES_MAX)
        new = take_for_growth(heap, size, old_bytes);
    if (!new) new = heap_alloc_plain(size, heap);
    if (unlikely(!new &&size <= old_bytes)) store_relaxed(heaps.has_larger_blocks, true);
    if (unlikely(!new)) return size <= old_bytes ? p : NULL; /* becoming smaller needs no memory */
    memcpy(new, p, min_size(old_bytes, size));
    free_live(p, resize_heap());
    return new;
}

static bool is_zero(const char *page) {
    const word_pair *word = (const word_pair *)page;
    for (size_t i = 0; i < COPY_PAGE_BYTES / sizeof(*word); i += 4) {
        word_pair any = word[i] | word[i + 1] | word[i + 2] | word[i + 3];
        if (any[0] | any[1]) return false;
    }
    return true;
}

static size_t zero_pages(const char *from, size_t bytes) {
    size_t count = 0;
    for (size_t at = 0; at < bytes; at += COPY_PAGE_BYTES) count += is_zero(from + at);
    return count;
}

/* Copy whole pages. Pages that are zero on both sides, perhaps never touched, are skipped, so that they do not become
 * resident. */
static void copy_pages(char *to, const char *from, size_t bytes, bool clean) {
    debug_check(bytes % COPY_PAGE_BYTES == 0);
    for (size_t at = 0; at < bytes; at += COPY_PAGE_BYTES)
        if (!is_zero(from + at) || !(clean || is_zero(to + at))) memcpy(to + at, from + at, COPY_PAGE_BYTES);
}

/* The same; if many pages are zero in `from`, `to` is purged first. */
static void copy_sparse(char *to, const char *from, size_t bytes, bool clean) {
    debug_check(bytes <= COPY_STEP_BYTES);
    if (!clean && zero_pages(from, bytes) * COPY_PAGE_BYTES > bytes / 4) clean = port_purge(to, bytes);
    copy_pages(to, from, bytes, clean);
}

void resize_copy_large(struct unit *to, struct unit *from, enum resize_density density) {
    debug_check(to->count >= from->count && to->kind == UNIT_LARGE);
    size_t bytes = unit_bytes(from);
    bool clean = to->flags & UNIT_CLEAN, sparse = density == RESIZE_SPARSE;
    bool goes = sparse || (clean && bytes >= COPY_PURGED_MIN);
    goes = goes && purge_decay_ms != PURGE_NEVER && port_page_bytes() <= UNIT_BYTES;
    to->flags &= (uint8_t)~UNIT_CLEAN;
    for (size_t at = 0; at < bytes; at += COPY_STEP_BYTES) {
        size_t step = min_size(bytes - at, COPY_STEP_BYTES);
        if (sparse)
            copy_sparse(to->memory + at, from->memory + at, step, clean);
        else if (clean)
            copy_pages(to->memory + at, from->memory + at, step, clean);
        else
            memcpy(to->memory + at, from->memory + at, step);
        goes = goes && port_purge(from->memory + at, step);
    }
    from->flags = (uint8_t)((from->flags & UNIT_MOVED) | (goes ? UNIT_CLEAN : 0));
}
