/* Red zones: words before and behind a block that the program must not write to. They are checked when it is freed,
 * resized, or asked for its size.
 *
 *   | bytes | mark | the caller's bytes | fill | bytes | mark |        all of a multiple of 16 bytes
 *     head           p                                tail
 *
 * A heap gives them to the first blocks of each size that its slow path serves, while the process has one thread: the
 * fast paths know nothing of them. Blocks of up to REDZONE_CELL_MAX bytes lie in one region, one after the other, and
 * are used again only when there is no other memory: a process's first streams touch no memory of level 2. Larger ones,
 * and all when the region is full, are blocks of level 2, with the head at their start, so that a pointer to the
 * caller's bytes is no block's start, and every fast path declines it. heap/redzone_mark.h says what a mark is; the
 * fill is one too.
 *
 * What glibc lets a program use beyond its request belongs to the caller's bytes: programs that write there work. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"
#include "heap/redzone_mark.h"

/* Builds in which blocks may have red zones. The hardened one has a canary behind each block instead. */
static const bool config_redzones = config_safety && !config_valgrind && !config_bounded && !config_guarded;

/* How many blocks of each size get red zones; 0: none, until the world says. */
extern uint32_t redzone_firsts __attribute__((visibility("hidden")));
void redzone_set_firsts(uint32_t firsts);

/* The blocks of up to REDZONE_CELL_MAX bytes lie in [from, from + bytes), which readers of the heap map know.
 *   blocks == those in it, used or freed, whose heads are intact; they tile [from, from + used) but for alignment, and
 *   each used one's tail is intact, as are those of level 2                                     verify: redzones */
struct redzone_region {
    char *from;
    size_t bytes;
    size_t used; /* handed out so far, from the start */
    size_t blocks;
    char *freed; /* the one freed last, which the next request for one checks for writes; NULL: none */
};
extern struct redzone_region redzone_region __attribute__((visibility("hidden")));

/* Allocate a block with red zones for `size` bytes, at most REDZONE_BYTES_MAX, when `*count`, how many there were of
 * its size, is small enough. NULL: it is not, or there is no memory. */
void *redzone_take(struct heap *heap, size_t size, uint8_t *count);
INLINE void *redzone_try(struct heap *heap, size_t size, uint8_t *count) {
    if (!config_redzones || hardened() || *count >= load_relaxed(redzone_firsts)) return NULL;
    return redzone_take(heap, size, count);
}

/* The same for a size of level 2: these are counted by powers of two. */
INLINE void *redzone_try_wide(struct heap *heap, size_t size) {
    debug_check(size > CLASS_BYTES_MAX && size <= REDZONE_BYTES_MAX);
    return redzone_try(heap, size, &heap->zoned_wide[bit_high((uint32_t)((size - 1) / CLASS_BYTES_MAX))]);
}

/* True when `p` may be a block with red zones: it lies where only such blocks lie. */
INLINE bool redzone_may_be(const void *p, const struct unit *unit) {
    if (!config_redzones) return false;
    if ((size_t)((const char *)p - load_relaxed(redzone_region.from)) < load_relaxed(redzone_region.bytes)) return true;
    return unit && load_relaxed(unit->kind) == UNIT_MEDIUM && (uintptr_t)p % REDZONE_HEAD_BYTES == 0;
}

/* The caller's bytes of the used block at `p`, which may be anything that redzone_may_be(); 0: there is none, or its
 * head is damaged. */
size_t redzone_bytes(const void *p);

/* The same, but damage ends the program, and so does whatever else lies in the region. */
size_t redzone_check(const char *function, const void *p);

/* A walk over the region begins with all zero. */
struct redzone_walk {
    size_t next; /* offset of the caller's bytes from the region's start, where the next block may be */
    char *memory;
    size_t bytes;
    bool used;
};
bool redzone_walk_next(struct redzone_walk *walk);

/* True when the fill and the tail of the block of so many bytes at `p` are intact. */
bool redzone_is_whole(const char *p, size_t bytes);

/* The caller's address in the used block of level 2 at `block`, if it has red zones; else NULL. */
const char *redzone_within(const char *block);

/* True when the used block of level 2 that begins with `slot` may have red zones. */
INLINE bool redzone_is_possible(const struct granule *slot) {
    return config_redzones && load_relaxed(slot->head) & GRANULE_SAMPLED;
}

/* True when `block`, a used block of level 2 whose slot says SAMPLED, has: then nobody was given this address. */
INLINE bool redzone_begins(const char *block) {
    return config_redzones && redzone_within(block);
}

/* Free the block of so many bytes at `p`, just checked. Returns the block of level 2 that is left to free; NULL:
 * nothing is. */
void *redzone_free(void *p, size_t bytes);

/* A freed block of the region that holds this size, when there is no other memory; NULL: there is none. */
void *redzone_take_freed(size_t size);
