/* A heap for the smallest systems, with the API of heapalloc/heap.h: the core's index, sentences and keys, with a
 * header word in front of each block, for one core (or under the caller's lock) and some kilobytes of code.
 *
 *   region   | struct region, map | block | block | ... | end |
 *   block    | head | payload, a multiple of 16 |        free: its first words are the index's node
 *   slab     one block of SLAB_BYTES at a multiple of that, cut into equal blocks without heads;
 * the map says where
 *
 *   head->left == count of the block to the left, 0 for the first      small_check: left
 *   no two free blocks are adjacent                                    small_check: coalesced
 *   the index has exactly the free blocks                              small_check: index
 *   slab: used + length(free) == carved                                small_check: slab
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/memory.h"
#include "engine/tlsf.h"
#include "slab/block.h"

/* The build option for the tiniest systems: 0 leaves slabs out, and every block has a header. */
#ifndef SMALL_SLABS
#define SMALL_SLABS 1
#endif

enum {
    config_slabs = SMALL_SLABS,
    GRANULE_BYTES = 16,
    SLAB_BYTES = 1024,
    SLAB_CLASSES = 8, /* 16, 32 .. 128 bytes */
    SLAB_MOST = SLAB_CLASSES * 16,
    USED = 1,
    COUNT_LEAST = 2, /* a head and a node, in whole granules */
};
#define SMALL_SIZE_MOST ((size_t)1 << 29)

/* The header, 8 bytes before a payload, which is at a multiple of 16. */
struct head {
    uint32_t left; /* granules */
    uint32_t word; /* granules << 1 | USED; 0: no block begins here any more */
};

struct region {
    struct region *next;
    struct head *first, *end; /* the end is a used head of no granules */
    uint8_t map[];            /* a bit for each SLAB_BYTES: a slab */
};

struct slab {
    struct slab *next, *prev; /* those of a class with room */
    struct block *free;
    uint16_t used, carved; /* blocks */
    uint16_t bytes;        /* of a block */
    uint16_t listed;
} __attribute__((aligned(16))); /* blocks begin behind it, at a multiple of 16 */

struct small {
    struct tlsf index;
    struct region *regions;
    struct slab *slabs[SLAB_CLASSES + 1]; /* with room, by bytes / 16 */
    uintptr_t secret;
    size_t used_bytes, free_bytes;  /* of blocks, heads included */
    size_t peak_bytes, least_bytes; /* the most that was used, the least that was free */
};
extern struct small small;             /* api.c's */
extern struct small small_region_heap; /* small_region.c's */

INLINE uint32_t count_of(const struct head *head) {
    return head->word >> 1;
}
INLINE bool is_used(const struct head *head) {
    return head->word & USED;
}
INLINE struct head *right_of(const struct head *head) {
    return (struct head *)((char *)head + (size_t)count_of(head) * GRANULE_BYTES);
}
INLINE struct head *left_of(const struct head *head) {
    return (struct head *)((char *)head - (size_t)head->left * GRANULE_BYTES);
}
INLINE struct tlsf_node *node_of(struct head *head) {
    return (struct tlsf_node *)(head + 1);
}
INLINE struct head *head_of(const void *payload) {
    return (struct head *)payload - 1;
}

/* blocks.c: TLSF. `align` is a power of two larger than a granule. NULL: no memory. */
struct head *block_take(struct small *heap, size_t size);
struct head *block_take_aligned(struct small *heap, size_t size, size_t align);
void block_give(struct small *heap, struct head *head);
bool block_resize(struct small *heap, struct head *head, size_t size);
INLINE size_t block_bytes(const struct head *head) {
    return (size_t)count_of(head) * GRANULE_BYTES - sizeof *head;
}

/* blocks.c: the region that contains `p`, or NULL; and the place in its map of the bit for the slab at `p`. */
struct region *region_of(const struct small *heap, const void *p);
INLINE size_t map_bit(const struct region *region, const void *p) {
    return ((uintptr_t)p / SLAB_BYTES) - ((uintptr_t)region / SLAB_BYTES);
}
INLINE bool is_in_slab(const struct region *region, const void *p) {
    size_t bit = map_bit(region, p);
    return config_slabs && region->map[bit / 8] >> bit % 8 & 1;
}
INLINE struct slab *slab_of(const void *p) {
    return (struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB_BYTES - 1));
}

/* slabs.c. slab_checked: `p` is the start of a used block of its slab, or the program ends. */
void *slab_alloc(struct small *heap, size_t size);
void *slab_alloc_larger(struct small *heap, size_t size); /* of a larger class that has a block; NULL: none has */
void slab_free(struct small *heap, void *p);
void slabs_trim(struct small *heap);
void slab_each(const struct small *heap, struct slab *slab, void (*visit)(void *context, void *p), void *context);
struct slab *slab_checked(const struct small *heap, const char *function, const void *p);

/* small_heap.c: the functions of these names in heapalloc/heap.h, for any heap. A heap begins as zeros. */
bool small_init(struct small *heap, void *start, size_t bytes);
bool small_add_region(struct small *heap, void *start, size_t bytes);
void *small_alloc(struct small *heap, size_t size);
void *small_alloc_aligned(struct small *heap, size_t size, size_t align);
void *small_realloc(struct small *heap, void *p, size_t size);
void small_free(struct small *heap, void *p);
/* `p` is a block in use, or the program ends. The other functions require such a block. */
void small_expect(const struct small *heap, const char *function, const void *p);
size_t small_usable(const struct small *heap, const void *p);
bool small_resize(struct small *heap, void *p, size_t size); /* in place; false: impossible */
/* False: no region begins at `start` and ends within `bytes`, or something in it is in use. */
bool small_remove_region(struct small *heap, const void *start, size_t bytes);
