/* The two fast paths, to be inlined into the functions a world exports; everything else is a tail call from here.
 *
 * malloc: class = size / 16, pop the bin's first block if its key is right. free: one compare says "in the home span"
 * (and so not NULL, not foreign), one "my slab", one multiplication and compare "a block's start", one "not free yet";
 * push. No counter, no lock, no test for NULL, start-up or the end of a thread: those heaps have empty bins and own no slab.
 * What is not as expected goes to the slow functions, which look again and say what is wrong. */
#pragma once
#include "heap/alloc.h"
#include "heap/cache.h"
#include "heap/fork.h"
#include "heap/heap.h"
#include "heap/resize.h"
#include "heap/thread.h"
#include "heap/tick.h"

/* Everything heap_alloc_with() does not do; `size` as given to malloc. NULL: no memory. */
void *heap_alloc_slow(size_t size, struct heap *heap);

/* Everything heap_free_fast() does not do, for any pointer whatever. */
void heap_free_slow(void *p, struct heap *heap);

/* The same for a pointer into `unit` of the home span, which is no slab of this heap. */
void heap_free_other(void *p, struct heap *heap, struct unit *unit);

/* Allocate `size` bytes; `slow` is called in tail position when the bin cannot serve. */
INLINE void *heap_alloc_with(size_t size, void *(*slow)(size_t, struct heap *)) {
    struct heap *heap = heap_self;
    size_t class;
    if (config_watch) return slow(size, heap);
    if (likely(size <= CLASS_TINY_BYTES))
        class = (size + (BLOCK_ALIGN_BYTES - 1)) >> 4;
    else if (size <= CLASS_BYTES_MAX)
        class = class_of_wide(size);
    else
        return slow(size, heap);
    struct block *block = heap->bin[class];
    if (!config_safety && unlikely(block == BLOCK_END)) return slow(size, heap);
    struct block *next = block->next;
    if (config_safety &&
        unlikely(((uintptr_t)next ^ (block->key ^ (uintptr_t)block)) != heap->secret))
        return slow(size, heap);
    block_clear(block);
    heap->bin[class] = next;
    return block;
}

/* What the slow function asks first: the medium cache, for the exact granule count or one more. */
INLINE void *heap_alloc_cached(size_t size, struct heap *heap) {
    uint32_t count = cache_granules(size);
    if (config_watch) return NULL;
    if (unlikely(!heap->cache[count])) {
        if (!heap->cache[count + 1]) return NULL;
        count++;
    }
    return cache_pop(heap, count);
}

/* What the slow function asks next: whether the bin's current slab has free blocks again; then it fills the bin with
 * them and hands out the first. It declines when a tick is due, so that time passes for programs that free as
 * much as they allocate. */
INLINE struct block *heap_refill_quick(uint32_t class, struct heap *heap) {
    struct unit *slab = heap->current[class];
    if (config_watch || unlikely(!slab || heap->bin[class] != BLOCK_END || heap->slow_left == 1)) return NULL;
    struct block *block = slab->free;
    if (unlikely(!block_is_free(block, heap->secret))) return NULL;
    heap->fresh &= ~(UINT64_C(1) << class);
    heap->bin[class] = block->next;
    slab->free = BLOCK_END;
    slab->used_blocks = slab->carved_blocks;
    block_clear(block);
    return block;
}

INLINE void heap_free_fast(void *p) {
    struct heap *heap = heap_self;
    if (config_watch) return heap_free_slow(p, heap);
    size_t offset = (size_t)((char *)p - span_home.base);
    if (unlikely(offset >= racy_load(span_home.bytes))) return heap_free_slow(p, heap);
    struct unit *slab = span_line(&span_home, offset);
    if (unlikely(racy_load(slab->owner) != heap)) return heap_free_other(p, heap, slab);
    struct block *block = p;
    if (config_safety) {
        if (unlikely((uint32_t)(offset & (UNIT_BYTES - 1)) * slab->recip >= slab->starts))
            return heap_free_slow(p, heap);
        if (unlikely(block_is_free(block, heap->secret))) return heap_free_slow(p, heap);
    }
    block_link(block, slab->free, heap->secret);
    slab->free = block;
    if (unlikely(--slab->used_blocks == 0)) heap_slab_empty(slab, heap);
}

/* Zero `size` bytes of a block just popped; all blocks are multiples of 16 bytes. Short ones by stores in line. */
INLINE void heap_clear(void *p, size_t size) {
    typedef long long words __attribute__((vector_size(16), may_alias));
    if (size > 256) {
        memset(p, 0, size);
        return;
    }
    words *to = p, *end = (words *)((char *)p + round_up(size, BLOCK_ALIGN_BYTES));
    while (to < end) *to++ = (words){0, 0};
}

/* Allocate `size` bytes that read as zero. What was carved from zero memory and not used since is so but for its link. */
INLINE void *heap_zeroed_with(size_t size, void *(*slow)(size_t, struct heap *)) {
    struct heap *heap = heap_self;
    if (config_watch || unlikely(size > CLASS_TINY_BYTES)) return slow(size, heap);
    size_t class = (size + (BLOCK_ALIGN_BYTES - 1)) >> 4;
    struct block *block = heap->bin[class];
    if (unlikely(!block_is_free(block, heap->secret))) return slow(size, heap);
    heap->bin[class] = block->next;
    heap_clear(block, heap->fresh >> class & 1 ? sizeof(struct block) : size);
    return block;
}

/* Make the block at `p` (not NULL) `size` bytes (not 0) long: at once when it stays in its class and is over half full. */
INLINE void *heap_resize_with(void *p, size_t size, void *(*slow)(void *, size_t)) {
    size_t offset = (size_t)((char *)p - span_home.base);
    if (config_watch || unlikely(offset >= racy_load(span_home.bytes))) return slow(p, size);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes);
    if (unlikely(size > bytes || size <= bytes / 2)) return slow(p, size);
    if (config_safety) {
        uint32_t start = (uint32_t)(offset & (UNIT_BYTES - 1)) * racy_load(slab->recip);
        if (unlikely(start >= racy_load(slab->starts))) return slow(p, size);
        if (unlikely(block_is_free(p, heap_secret_word))) return slow(p, size);
    }
    return p;
}

/* Bytes the block at `p` has; 0 for NULL. Slabs first, the rest by a tail call. */
size_t heap_usable_slow(const void *p);

INLINE size_t heap_usable_fast(const void *p) {
    size_t offset = (size_t)((const char *)p - span_home.base);
    if (config_watch || unlikely(offset >= racy_load(span_home.bytes))) return heap_usable_slow(p);
    size_t bytes = racy_load(span_line(&span_home, offset)->block_bytes);
    if (unlikely(bytes == 0)) return heap_usable_slow(p);
    return bytes;
}
