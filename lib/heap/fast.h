/* The fast paths, to be inlined into the functions a world exports; everything else is a tail call from here.
 *
 * malloc: class = size / 16, pop the bin's first block if its key is right. free: one compare says "in the home span"
 * (and so not NULL, not foreign), one "my slab", one multiplication and compare "a block's start", one "not free yet";
 * push to the bin or the slab. No lock, no test for NULL, start-up or the end of a thread: heap_none, which serves
 * then, has empty bins and owns no slab. The rest goes to slow functions, which check again and say what is wrong. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/bin.h"
#include "heap/cache.h"
#include "heap/entry.h"
#include "heap/refill.h"

/* Allocate `size` bytes: up to CLASS_BYTES_MAX from a bin or by `small`, else by `wide`. */
INLINE void *heap_alloc_with(size_t size, heap_alloc_small *small, heap_alloc_wide *wide) {
    struct heap *heap = load_relaxed(heap_fast);
    if (config_valgrind) return wide(size, heap);
    if (likely(size <= CLASS_TINY_BYTES)) return heap_pop(heap, (size + (BLOCK_ALIGN_BYTES - 1)) >> 4, size, small);
    if (likely(size <= CLASS_BYTES_MAX)) return heap_pop(heap, class_of_wide(size), size, small);
    return wide(size, heap);
}

/* The first step of `wide`: pop the medium cache, for the exact granule count or a little more, or take the recent
 * block. Both decline now and then, so that programs that free as much as they allocate reach a slow path. */
INLINE void *heap_alloc_cached(size_t size, struct heap *heap, void *(*pop)(struct heap *, size_t)) {
    if (unlikely(size > CACHE_BYTES_MAX)) return cache_recent(heap, size);
    if (CACHE_SUM_MAX == 0) return NULL;
    size_t count = cache_granules(size);
    if (likely(racy_load(heap->cache[count]))) return pop(heap, count);
    COMPUTED(count); /* else the compiler computes the addresses of all three above */
    if (racy_load(heap->cache[count + 1])) return pop(heap, count + 1);
    if (racy_load(heap->cache[count + 2])) return pop(heap, count + 2);
    _Static_assert(CACHE_EXCESS_MIN == 2, "the excess that is looked for without a loop");
    size_t list = cache_list_from(heap, count + CACHE_EXCESS_MIN + 1, count);
    return list > 0 ? pop(heap, list) : NULL;
}

/* The first steps as a world's functions call them: when one has nothing it calls `last`, in tail position. */
INLINE void *heap_alloc_small_rest(size_t size, struct heap *heap, size_t class, heap_alloc_wide *last) {
    if (!config_bounded && unlikely(heap->slow_left <= 1)) return refill_or_call(size, heap, class, last);
    struct unit *slab = refill_ready(class, heap);
    return likely(slab) ? refill_by(class, heap, slab) : last(size, heap);
}
INLINE void *heap_alloc_wide_rest(size_t size, struct heap *heap, heap_alloc_wide *shared, heap_alloc_wide *last) {
    if (config_valgrind) return last(size, heap);
    if (cache_is_shared()) return shared(size, heap);
    void *p = heap_alloc_cached(size, heap, cache_pop_alone);
    return likely(p) ? p : last(size, heap);
}

/* The same while there is more than one thread. */
INLINE void *heap_alloc_wide_shared(size_t size, struct heap *heap, heap_alloc_wide *last) {
    void *p = heap_alloc_cached(size, heap, cache_pop_shared);
    return likely(p) ? p : last(size, heap);
}

/* True when `offset` in the home span is the start of a block of `slab`, whoever owns it. */
INLINE bool heap_is_start(const struct unit *slab, size_t offset) {
    uint32_t start = (uint32_t)(offset & (UNIT_BYTES - 1)) * racy_load(slab->recip);
    return start < racy_load(slab->start_limit);
}

/* The same, and the block does not look free. */
INLINE bool heap_looks_used(const struct unit *slab, size_t offset, const struct block *block) {
    if (!config_safety) return true;
    return likely(heap_is_start(slab, offset)) && likely(!block_may_be_free(block));
}

/* Free a block of the heap's own slab. Its used blocks become one less, or the returns that are left: they are one
 * field. */
INLINE void heap_free_own(struct block *block, struct unit *slab, struct heap *heap) {
    if (unlikely(--slab->used_blocks == 0)) return heap_free_last(block, heap, slab);
    heap_list(block, slab, heap);
}

/* Free `p`; a pointer outside of the home span, such as NULL, goes to `outside`, in tail position. */
INLINE void heap_free_with(void *p, void (*outside)(void *p, struct heap *heap)) {
    struct heap *heap = load_relaxed(heap_fast);
    if (config_valgrind) return outside(p, heap);
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (unlikely(offset >= racy_load(span_home.bytes))) return outside(p, heap);
    struct unit *slab = span_line(&span_home, offset);
    if (unlikely(racy_load(slab->owner) != heap)) return heap_free_other(p, heap, slab);
    if (unlikely(!heap_looks_used(slab, offset, p)))
        return config_bounded ? heap_free_slow(p, heap) : heap_free_odd(p, heap, slab);
    heap_free_own(p, slab, heap);
}

INLINE void heap_free_fast(void *p) {
    heap_free_with(p, entry_free);
}

/* Zero `bytes` = 1..64 of a block, by up to four stores, which may overlap. The key is cleared in any case. */
INLINE void *heap_clear_short(char *p, size_t bytes) {
    const word_pair zero = {0, 0};
    if (bytes > 32) {
        *(word_pair *)p = zero;
        *(word_pair *)(p + 16) = zero;
        *(word_pair *)(p + bytes - 32) = zero;
        *(word_pair *)(p + bytes - 16) = zero;
        return p;
    }
    *(word_pair *)p = zero;
    if (bytes > 16) *(word_pair *)(p + bytes - 16) = zero;
    return p;
}

/* Allocate `size` bytes that read as zero. A block carved from zero memory and not used since needs only its link and
 * key cleared. */
INLINE void *heap_zeroed_with(size_t size, heap_alloc_wide *slow) {
    struct heap *heap = load_relaxed(heap_fast);
    if (config_valgrind || unlikely(size > CLASS_TINY_BYTES)) return slow(size, heap);
    size_t class = (size + (BLOCK_ALIGN_BYTES - 1)) >> 4;
    struct block *block = heap->bin[class];
    if (!config_safety && unlikely(block == BLOCK_END)) return slow(size, heap);
    struct block *next = block->next;
    if (config_safety && unlikely(block->key != block_key(block, next, heap->secret))) return slow(size, heap);
    heap->bin[class] = next;
    PREFETCH(next);
    if (likely(size <= 64)) return heap_clear_short((char *)block, size);
    if (!slab_is_fresh(heap->classes[class].attached)) return heap_clear_long((char *)block, size);
    *(word_pair *)block = (word_pair){0, 0};
    return block;
}

/* What `slow` tries first: the bin of a larger class, then the first partial slab, as malloc does. NULL: neither has a
 * block. */
INLINE void *heap_zeroed_rest(size_t size, struct heap *heap) {
    debug_check(size <= CLASS_BYTES_MAX);
    if (config_valgrind) return NULL;
    size_t class = class_of(size);
    struct block *block = heap->bin[class];
    if (unlikely(!block_is_free(block, heap->secret))) {
        block = refill_from_partial(class, heap);
        return block ? memset(block, 0, size) : NULL;
    }
    heap->bin[class] = block->next;
    if (!slab_is_fresh(heap->classes[class].attached)) return memset(block, 0, size);
    *(word_pair *)block = (word_pair){0, 0};
    return block;
}

/* True when `p` is a medium or large block of the home span that is long enough for `size` and not much longer, as in
 * most reallocs by a little. */
INLINE bool heap_fits_already(const void *p, size_t size) {
    size_t offset = (size_t)((const char *)p - racy_load(span_home.base));
    if (config_valgrind || offset >= racy_load(span_home.bytes)) return false;
    const struct unit *unit = span_line(&span_home, offset);
    if (racy_load(unit->kind) == UNIT_MEDIUM)
        return ((uintptr_t)p & (GRANULE_BYTES - 1)) == 0 && resize_fits_medium(span_slot(&span_home, p), size);
    return racy_load(unit->kind) == UNIT_LARGE && p == unit->memory && resize_fits(unit->count, units_to_hold(size));
}

/* Move the block at `p` to one of a small `size`, by the paths of malloc and free, if it is a small one of another
 * class. NULL: nothing was done, and the slow path tells why. */
INLINE void *heap_move_small(void *p, size_t size) {
    debug_check(size > 0 && size <= CLASS_BYTES_MAX);
    struct heap *heap = load_relaxed(heap_fast);
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (config_valgrind || unlikely(offset >= racy_load(span_home.bytes))) return NULL;
    struct unit *slab = span_line(&span_home, offset);
    if (unlikely(racy_load(slab->owner) != heap) || unlikely(!heap_looks_used(slab, offset, p))) return NULL;
    size_t class = class_of(size), bytes = slab->block_bytes;
    struct block *block = heap->bin[class];
    if (unlikely(class == slab->class)) return p;
    if (unlikely(!block_is_free(block, heap->secret))) return NULL;
    heap->bin[class] = block->next;
    block_clear(block);
    memcpy(block, p, min_size(bytes, size));
    heap_free_own(p, slab, heap);
    return block;
}

/* Make the block at `p` (not NULL) `size` bytes (not 0) long: at once if it fits and stays more than half full. */
INLINE void *heap_resize_with(void *p, size_t size, void *(*slow)(void *, size_t)) {
    size_t offset = (size_t)((char *)p - racy_load(span_home.base));
    if (config_valgrind || unlikely(offset >= racy_load(span_home.bytes))) return slow(p, size);
    struct unit *slab = span_line(&span_home, offset);
    size_t bytes = racy_load(slab->block_bytes);
    if (unlikely(size > bytes || size <= bytes / 2)) return slow(p, size);
    return likely(heap_looks_used(slab, offset, p)) ? p : slow(p, size);
}

/* The usable size of the block at `p`; 0 for NULL. Slabs first, the rest by a tail call. */
INLINE size_t heap_usable_with(const void *p, size_t (*outside)(const void *p)) {
    size_t offset = (size_t)((const char *)p - racy_load(span_home.base));
    if (config_valgrind || unlikely(offset >= racy_load(span_home.bytes))) return outside(p);
    size_t bytes = racy_load(span_line(&span_home, offset)->block_bytes);
    if (unlikely(bytes == 0)) return heap_usable_slow(p);
    if (config_safety >= SAFETY_HARDENED) return heap_usable_slow(p); /* other builds do not check `p` here */
    return bytes;
}
