/* Red zones: words before and behind a block that the program must not write to (heap/redzone_block.h). They are
 * checked when it is freed, resized, or asked for its size (heap/redzone_check.h).
 *
 * A heap gives them to the first blocks of each size that its slow path serves, while the process has one thread: the
 * fast paths know nothing of them. Blocks of up to REDZONE_CELL_MAX bytes lie in one region, one after the other, and
 * are used again only when there is no other memory: a process's first streams touch no memory of level 2. When the
 * region is full further ones have no red zones. Larger ones are blocks of level 2, with the head at their start, so
 * that a pointer to the caller's bytes is no block's start, and every fast path declines it; where more than the
 * default was asked for, so are those for which the region has no room. heap/redzone_mark.h says what a mark is; the
 * fill is one too.
 *
 * What glibc lets a program use beyond its request belongs to the caller's bytes: programs that write there work. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/redzone_block.h"

/* How many blocks of each size get red zones; 0: none, until the world says. */
extern uint32_t redzone_firsts __attribute__((visibility("hidden")));
void redzone_set_firsts(uint32_t firsts);

/* Allocate a block with red zones for `size` bytes, at most REDZONE_BYTES_MAX, when `*count`, how many there were of
 * its size, is small enough; a larger one than REDZONE_CELL_MAX reads as zero if `fill` says so. NULL: it is not, or
 * there is no room or memory for it. */
void *redzone_take(struct heap *heap, size_t size, uint8_t *count, enum alloc_fill fill);
INLINE void *redzone_try(struct heap *heap, size_t size, uint8_t *count, enum alloc_fill fill) {
    if (!config_redzones || hardened() || *count >= load_relaxed(redzone_firsts)) return NULL;
    return redzone_take(heap, size, count, fill);
}

/* The same for a size of level 2: these are counted by powers of two. */
INLINE void *redzone_try_wide(struct heap *heap, size_t size, enum alloc_fill fill) {
    debug_check(size > CLASS_BYTES_MAX && size <= REDZONE_BYTES_MAX);
    return redzone_try(heap, size, &heap->zoned_wide[bit_high((uint32_t)((size - 1) / CLASS_BYTES_MAX))], fill);
}

/* Free the block of so many bytes at `p`, just checked. Returns the block of level 2 that is left to free; NULL:
 * nothing is. */
void *redzone_free(void *p, size_t bytes);

/* A freed block of the region that holds this size, when there is no other memory; NULL: there is none. */
void *redzone_take_freed(size_t size);
