/* A slab: one unit cut into equal blocks of one class, a page at a time.
 *
 *   | block | block | ... | block | not carved yet ... |tail|
 *   0                             carved               capacity
 *
 * Blocks are carved only up to about the next page's border, so that a class that is used once costs one page. Memory
 * that was touched before costs none, so there larger blocks are carved all at once. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "slab/owner.h"
#include "slab/pages.h"

enum { CARVE_ALL_BYTES = 256 };

/* The bounded build carves no more at a time. */
enum { CARVE_BLOCKS_MAX = 16 };

/* A masked vector load at a block's end takes a hundred times as long where the masked-out bytes lie in a page without
 * memory. So the last small block before such a page is carved with that page. */
enum { READ_BEYOND_BYTES = 32 };

/* A FIFO of slabs that wait. */
struct slab_queue {
    struct unit *first;
    struct unit *last;
    size_t count;
};

INLINE void slab_queue_add(struct slab_queue *queue, struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && slab != queue->last);
    slab->next = NULL;
    slab->prev = queue->last;
    store_relaxed(*(queue->last ? &queue->last->next : &queue->first), slab);
    store_relaxed(queue->last, slab);
    queue->count++;
}

INLINE void slab_queue_add_first(struct slab_queue *queue, struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && slab != queue->first);
    slab->prev = NULL;
    slab->next = queue->first;
    store_relaxed(*(queue->first ? &queue->first->prev : &queue->last), slab);
    store_relaxed(queue->first, slab);
    queue->count++;
}

INLINE void slab_queue_remove(struct slab_queue *queue, struct unit *slab) {
    debug_check(queue->count > 0 && (slab->prev ? slab->prev->next : queue->first) == slab);
    store_relaxed(*(slab->prev ? &slab->prev->next : &queue->first), slab->next);
    store_relaxed(*(slab->next ? &slab->next->prev : &queue->last), slab->prev);
    slab->next = slab->prev = NULL;
    queue->count--;
}

/* The number of carved blocks after the next step, when `from` are carved now. */
INLINE uint32_t slab_carve_to(uint32_t from, uint32_t block_bytes) {
    if (config_bounded) return from + CARVE_BLOCKS_MAX;
    uint32_t beyond = block_bytes <= CLASS_TINY_BYTES ? READ_BEYOND_BYTES : 0;
    uint32_t border = (uint32_t)round_up((from + 1) * block_bytes + beyond, SLAB_CARVE_BYTES);
    return (border - beyond) / block_bytes;
}

/* Take a unit and make it an empty slab of `class`, owned by `owner`; NULL: no memory. */
struct unit *slab_take(uint32_t class, struct heap *owner);

/* Give an empty slab's unit back. Every block is accounted for first: one that was freed twice, with its words wiped in
 * between, is found here at the latest. */
void slab_give(struct unit *slab, uintptr_t secret);

/* True when each of the carved blocks [from, to) has a key, so that none is in use. */
bool slab_is_free(const struct unit *slab, uint32_t from, uint32_t to, uintptr_t secret);

/* End the program: a slab that counts as empty has a damaged list, or a block that is not in it. */
_Noreturn void slab_misused(const struct unit *slab, uintptr_t secret);

/* Give a slab's unit back without a look at its blocks: the caller has just looked at all of them. */
void slab_give_checked(struct unit *slab);

/* Blocks that are not carved yet, or lie in purged pages. */
INLINE uint32_t slab_uncarved(const struct unit *slab) {
    return class_shapes[slab->class].capacity_blocks - slab->resident_blocks;
}

/* Carve the first purged page again, else up to the next page's border and at least one block, or all of a dirty slab
 * whose blocks have CARVE_ALL_BYTES or more; returns them as a list, in the order of their addresses. */
struct block *slab_carve(struct unit *slab, uintptr_t secret);

/* True when `p`, a pointer into the slab, is the start of a carved block. Always false while it has purged pages. */
INLINE bool slab_is_start(const struct unit *slab, const void *p) {
    return (uint32_t)((uintptr_t)p & (UNIT_BYTES - 1)) * slab->recip < load_relaxed(slab->start_limit);
}

/* The same, slower, for any slab, by any thread: a block in a purged page is no start. */
bool slab_is_block(const struct unit *slab, const void *p);

/* The same for a slab that has sampled blocks and no purged pages. */
INLINE bool slab_was_start(const struct unit *slab, const void *p) {
    uint32_t offset = (uint32_t)((uintptr_t)p & (UNIT_BYTES - 1));
    return slab_purged_pages(slab) == 0 &&
           offset * slab->recip < slab->carved_blocks * (slab->recip * slab->block_bytes);
}

/* The slab, which the caller owns, has blocks that a profiler knows, or none any more: until then all frees into it
 * take the slow path. */
void slab_sample(struct unit *slab);
void slab_sample_end(struct unit *slab);

/* The block that the inner pointer `p` lies in; for messages. */
INLINE char *slab_block_around(const struct unit *slab, const void *p) {
    size_t offset = (uintptr_t)p & (UNIT_BYTES - 1);
    return (char *)p - offset % slab->block_bytes;
}
