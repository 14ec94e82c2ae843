/* Collected arenas, as their own modules see them: mark and sweep over blocks that lie in slabs of equal blocks, or in
 * whole units.
 *
 *   RESTING --begin--> MARKING --(nothing grey, roots scanned)--> SWEEPING --(all slabs)--> RESTING
 *
 * White: not marked. Grey: marked, its contents still on the stack of ranges. Black: marked and scanned. Blocks that
 * are allocated during a collection are black. During marking a store of a pointer makes the new target grey (Dijkstra
 * et al., On-the-fly garbage collection, CACM 1978); roots and the thread's stack have no such barrier, so the step
 * that ends the marking scans them last. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "extras/address_map.h"
#include "extras/object.h"
#include "heap/named.h"
#include "span/unit.h"
#include <heapalloc/collected.h>

enum collected_state { COLLECTED_RESTING, COLLECTED_MARKING, COLLECTED_SWEEPING };

/* Whether blocks may hold pointers. */
enum collected_content { CONTENT_ANY, CONTENT_PLAIN, CONTENT_KINDS };

/* A slab of equal blocks, or of one large block.                       lock: none, the arena is one thread's
 *   used_count == bits of `used`; the arena's used_blocks == the sum of its slabs'        verify: collected */
struct collected_slab {
    struct collected_slab *next;      /* in the list of all of the arena's slabs */
    struct collected_slab *next_open; /* in the list of those of a class with room */
    struct unit *unit;
    char *memory;
    size_t block_bytes;
    uint32_t recip; /* 2^32 / block_bytes, rounded up; not used when class is 0 */
    uint32_t count, used_count, words;
    uint32_t cursor; /* no word of `bits` before it has a free bit */
    uint8_t class;   /* 0: one large block */
    uint8_t content;
    uint64_t bits[]; /* `words` words of used bits, then as many of mark bits */
};

/* The number of set bits. Compilers' builtins call a library where the processor has no such instruction. */
INLINE uint32_t bits_set(uint64_t word) {
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

INLINE uint64_t *slab_marks(struct collected_slab *slab) {
    return slab->bits + slab->words;
}

struct collected_range {
    const char *from;
    size_t bytes;
};

/* The grey ranges. It grows by doubling; when there is no memory, `overflowed` has all marked blocks scanned again. */
struct collected_stack {
    struct collected_range *ranges;
    size_t count, room;
    bool overflowed;
};

struct collected_final {
    void *block;
    void (*function)(void *block, void *argument);
    void *argument;
};

struct collected_finals {
    struct collected_final *list;
    size_t count, room;
};

struct heapalloc_collected {
    struct object object;
    struct heapalloc_collected_options options;
    const char *stack_base, *stack_lowest;            /* lowest: NULL where the world does not know it */
    bool (*readable)(const void *from, size_t bytes); /* the world's: is it? NULL: it does not know */
    const void *thread;                               /* that made it, by the address of its heap_self */
    struct named *named;
    struct address_map slabs;  /* unit number -> slab */
    uintptr_t lowest, highest; /* all blocks lie between them */
    struct collected_slab *all;
    struct collected_slab *open[CONTENT_KINDS][CLASS_COUNT];
    struct collected_stack grey;
    struct collected_range *roots;
    size_t root_count, root_room;
    struct address_map weak; /* place -> itself */
    struct collected_finals finals, ready;
    enum collected_state state;
    struct collected_slab **sweep_at;
    unsigned root_scans;   /* scans of the roots in this marking that did not end it */
    const void *collector; /* the thread that collects, runs finalisers or destroys it, as `thread`; or NULL; atomic */
    bool in_finals, in_trace;
    bool ends;                                                   /* it is being destroyed */
    size_t reserved_bytes, used_bytes, used_blocks, freed_bytes; /* the last: by this collection, or the one before */
    size_t since_bytes, last_bytes;                              /* allocated since the last collection; used after */
    size_t collection_count;
};

void collected_check(const char *function, const struct heapalloc_collected *collected);

/* The same for calls that only its thread may make, and no trace function. */
void collected_enter(const char *function, const struct heapalloc_collected *collected);

/* True when what a collection is to read can be read: it is on the thread's stack, in the heap, or elsewhere. */
bool collected_can_read(const struct heapalloc_collected *collected, const void *from, size_t bytes);

INLINE size_t slab_index(const struct collected_slab *slab, size_t offset) {
    return slab->class ? (size_t)(offset * (uint64_t)slab->recip >> 32) : 0;
}

/* Find the used block that contains `p`, which may be any word: its slab, and *index in it. NULL: there is none. */
INLINE struct collected_slab *collected_find(const struct heapalloc_collected *collected, uintptr_t p, size_t *index) {
    if (p - collected->lowest >= collected->highest - collected->lowest) return NULL;
    struct collected_slab *slab = address_find(&collected->slabs, p >> UNIT_SHIFT);
    if (!slab) return NULL;
    *index = slab_index(slab, p - (uintptr_t)slab->memory);
    if (*index >= slab->count || !(slab->bits[*index / 64] >> *index % 64 & 1)) return NULL;
    return slab;
}

/* True when `p` points into a used block that is marked. */
bool collected_is_marked(const struct heapalloc_collected *collected, const void *p);

/* Make the block that contains `p` grey, if there is one and it is white. */
void collected_mark(struct heapalloc_collected *collected, uintptr_t p);

/* Scan grey ranges until there are none or `budget` bytes were scanned; returns the rest of the budget. */
size_t collected_drain(struct heapalloc_collected *collected, size_t budget);

/* Scan the roots, and the stack and registers of the calling thread: what they point to becomes grey. */
void collected_look_at_roots(struct heapalloc_collected *collected);

/* After marking: clear weak references to white blocks, then mark white blocks with finalisers, which are ready now. */
void collected_part(struct heapalloc_collected *collected);

/* Clear every weak reference to a block, as all blocks will be freed. */
void collected_end_weak(struct heapalloc_collected *collected);

/* Call the finalisers that are ready. */
void collected_finish(struct heapalloc_collected *collected);

/* Sweep slabs of `budget` bytes in all; true: all have been swept. */
bool collected_sweep(struct heapalloc_collected *collected, size_t budget);

/* Add a slab to the list of those with room. */
INLINE void slab_open(struct heapalloc_collected *collected, struct collected_slab *slab) {
    struct collected_slab **list = &collected->open[slab->content][slab->class];
    slab->cursor = 0;
    slab->next_open = *list;
    *list = slab;
}

/* Make a slab of blocks of `class`, or, when that is 0, of one block of `bytes`. NULL: no memory, or limit met. */
struct collected_slab *collected_add(struct heapalloc_collected *collected, size_t class, size_t bytes,
                                     enum collected_content content);

/* Give back a slab's units and its struct; no list may hold it any more. */
void collected_give(struct heapalloc_collected *collected, struct collected_slab *slab);

/* Grow an array of `each` bytes an element by doubling. False: no memory, it is as it was. */
bool collected_grow(void *array, size_t *room, size_t each);

/* Make a collected arena for the calling thread, whose stack begins at `stack_base`. */
struct heapalloc_collected *collected_create(const struct heapalloc_collected_options *options, const void *stack_base);
