/* A block with red zones: where its words are, and what they say.
 *
 *   | bytes | mark | the caller's bytes | fill | bytes | mark |        all of a multiple of 16 bytes
 *     head           p                                tail
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"
#include "heap/redzone_mark.h"

/* Builds in which blocks may have red zones. The hardened one has a canary behind each block instead. */
static const bool config_redzones = config_safety && !config_valgrind && !config_bounded && !config_guarded;

/* Marks a function that most processes run where blocks have red zones. */
#if HEAPALLOC_SAFETY == 1
#define REDZONE_TEXT STARTUP_TEXT
#else
#define REDZONE_TEXT
#endif

/* The blocks of up to REDZONE_CELL_MAX bytes lie in [from, from + bytes), which readers of the heap map know.
 *   blocks == those in it, used or freed, whose heads are intact; they tile [from, from + used) but for alignment, and
 *   each used one's tail is intact, as are those of level 2                                     verify: redzones */
struct redzone_region {
    char *from;
    size_t bytes;
    size_t used; /* handed out so far, from the start */
    size_t blocks;
    char *freed; /* the one freed last, which the next request for one checks for writes; NULL: none */
    bool wide;   /* blocks of level 2 may have some: one had; atomic */
};
extern struct redzone_region redzone_region __attribute__((visibility("hidden")));

INLINE uint64_t redzone_hash_of(const void *p, uint64_t bytes) {
    return redzone_hash((uintptr_t)p, bytes, heap_secret());
}

INLINE struct redzone_end *redzone_head(const void *p) {
    return (struct redzone_end *)((uintptr_t)p - REDZONE_HEAD_BYTES);
}

INLINE bool redzone_in_region(const char *p) {
    return (size_t)(p - load_relaxed(redzone_region.from)) < load_relaxed(redzone_region.bytes);
}

INLINE uint64_t *redzone_fill(const char *p, size_t bytes) {
    return (uint64_t *)((uintptr_t)p + bytes);
}

INLINE struct redzone_end *redzone_tail(const char *p, size_t bytes) {
    return (struct redzone_end *)((uintptr_t)p + bytes + REDZONE_FILL_BYTES);
}

INLINE bool redzone_has_tail(const char *p, size_t bytes, uint64_t hash) {
    const struct redzone_end *tail = redzone_tail(p, bytes);
    return tail->bytes == bytes && tail->mark == redzone_mark(hash, SALT_TAIL);
}

INLINE char *redzone_block(const struct granule *slot) {
    return span_slot_memory(span_of_slot(slot), slot);
}

INLINE char *redzone_block_end(const struct granule *slot) {
    return redzone_block(slot) + ((size_t)granule_count(slot) << GRANULE_SHIFT);
}

/* The slot of the block of level 2 that `p` lies in, if it begins at most REDZONE_NATURAL_MAX before; else any. */
struct granule *redzone_slot(const char *p);

/* True when `p` may be a block with red zones: it lies where only such blocks lie. */
INLINE bool redzone_may_be(const void *p, const struct unit *unit) {
    if (!config_redzones) return false;
    if (redzone_in_region(p)) return true;
    return unit && load_relaxed(unit->kind) == UNIT_MEDIUM && (uintptr_t)p % REDZONE_HEAD_BYTES == 0;
}

/* True when `p` has the head of a used block whose bytes are within its region or its block of level 2. */
bool redzone_has_head(const char *p);

/* True when the block at `p` in the region, whose head may be damaged, was freed. */
bool redzone_is_freed(const char *p);

/* The caller's bytes of the used block at `p`, which may be anything that redzone_may_be(); 0: there is none, or its
 * head is damaged. */
size_t redzone_bytes(const void *p);

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
    return config_redzones && load_relaxed(redzone_region.wide) && redzone_within(block);
}
