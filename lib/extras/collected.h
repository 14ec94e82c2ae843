/* Collected arenas, as their own modules see them: mark and sweep over blocks that lie in slabs of equal blocks, or in
 * whole units.
 *
 *   RESTING --begin--> MARKING --(nothing grey, roots looked at)--> SWEEPING --(all slabs)--> RESTING
 *
 * White: not marked. Grey: marked, and its contents are still on the stack of ranges. Black: marked, and looked at.
 * What is allocated while a collection goes on is black. A store of a pointer while it marks makes the new target grey
 * (Dijkstra et al., On-the-fly garbage collection, CACM 1978); roots and the thread's stack have no such barrier, so
 * the step that ends the marking looks at them last. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "extras/address_map.h"
#include "heap/named.h"
#include "span/unit.h"
#include <heapalloc/collected.h>

#define COLLECTED_MARK ((uintptr_t)0x6865617063656374)

enum collected_state { COLLECTED_RESTING, COLLECTED_MARKING, COLLECTED_SWEEPING };

/* Whether blocks have pointers. */
enum collected_content { CONTENT_ANY, CONTENT_PLAIN, CONTENT_KINDS };

/* lock: none, the arena is one thread's.
 *   used_count == bits of `used`; the arena's used_blocks == the sum of its slabs'        verify: collected */
struct collected_slab {
    struct collected_slab *next;      /* all of the arena's */
    struct collected_slab *next_open; /* those of a class that have room */
    struct unit *unit;
    char *memory;
    size_t block_bytes;
    uint32_t recip; /* 2^32 / block_bytes, rounded up; of a slab of several blocks */
    uint32_t count, used_count, words;
    uint32_t cursor; /* no word before it has room */
    uint8_t class;   /* 0: one large block */
    uint8_t content;
    uint64_t bits[]; /* `words` that say what is used, then as many that say what is marked */
};

/* Bits that are set; compilers call a library for it where the processor has no such instruction. */
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

/* Grows by doubling; when there is no memory for that, `overflowed` says that marked blocks must be looked at again. */
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

/* Its first words keep it from being served where a pool or an arena is expected, as an arena's do (extras/arena.h). */
struct heapalloc_collected {
    uintptr_t overwritten[2];
    void *no_last;
    void *no_free; /* BLOCK_END */
    uintptr_t no_room[2];
    uintptr_t mark; /* COLLECTED_MARK ^ address, while it lives */
    struct heapalloc_collected_options options;
    const char *stack_base, *stack_lowest; /* lowest: NULL where the world does not know it */
    const void *thread;                    /* whose stack it is, by the address of its heap's word */
    struct named *named;
    struct address_map slabs;  /* unit number -> slab */
    uintptr_t lowest, highest; /* addresses of blocks are between */
    struct collected_slab *all;
    struct collected_slab *open[CONTENT_KINDS][CLASS_COUNT];
    struct collected_stack grey;
    struct collected_range *roots;
    size_t root_count, root_room;
    struct address_map weak; /* place -> itself */
    struct collected_finals finals, ready;
    enum collected_state state;
    struct collected_slab **sweep_at;
    unsigned root_looks; /* that were not the last of this marking */
    bool in_finals, in_trace;
    size_t reserved_bytes, used_bytes, used_blocks, freed_bytes; /* of the collection that goes on, or the last one */
    size_t since_bytes, last_bytes;                              /* allocated since a collection, and used after it */
    size_t collection_count;
};

void collected_check(const char *function, const struct heapalloc_collected *collected);

/* The same for what its thread alone does, and no trace function. */
void collected_enter(const char *function, const struct heapalloc_collected *collected);

INLINE size_t slab_index(const struct collected_slab *slab, size_t offset) {
    return slab->class ? (size_t)(offset * (uint64_t)slab->recip >> 32) : 0;
}

/* The used block that has `p`, which may be any word: its slab, and *index in it. NULL: there is none. */
INLINE struct collected_slab *collected_find(const struct heapalloc_collected *collected, uintptr_t p, size_t *index) {
    if (p - collected->lowest >= collected->highest - collected->lowest) return NULL;
    struct collected_slab *slab = address_find(&collected->slabs, p >> UNIT_SHIFT);
    if (!slab) return NULL;
    *index = slab_index(slab, p - (uintptr_t)slab->memory);
    if (*index >= slab->count || !(slab->bits[*index / 64] >> *index % 64 & 1)) return NULL;
    return slab;
}

/* True when the block at `p` is one and is marked. */
bool collected_is_marked(const struct heapalloc_collected *collected, const void *p);

/* Make the block that has `p` grey, if there is one and it is white. */
void collected_mark(struct heapalloc_collected *collected, uintptr_t p);

/* Look at grey ranges until there are none or `budget` bytes were looked at; what is left of it. */
size_t collected_drain(struct heapalloc_collected *collected, size_t budget);

/* Make everything grey that roots, the stack and the registers of the calling thread point to. */
void collected_look_at_roots(struct heapalloc_collected *collected);

/* After marking: weak references to white blocks become NULL; white blocks with finalisers become grey, and ready. */
void collected_part(struct heapalloc_collected *collected);

/* Call the finalisers that are ready. */
void collected_finish(struct heapalloc_collected *collected);

/* Sweep slabs of `budget` bytes in all; true: it was the last. */
bool collected_sweep(struct heapalloc_collected *collected, size_t budget);

/* Put a slab among those that have room. */
INLINE void slab_open(struct heapalloc_collected *collected, struct collected_slab *slab) {
    struct collected_slab **list = &collected->open[slab->content][slab->class];
    slab->cursor = 0;
    slab->next_open = *list;
    *list = slab;
}

/* A slab of blocks of `class`; 0: of one block of `bytes`. NULL: no memory, or the limit is met. */
struct collected_slab *collected_add(struct heapalloc_collected *collected, size_t class, size_t bytes,
                                     enum collected_content content);

/* Give a slab's unit and struct back; it is in no list any more. */
void collected_give(struct heapalloc_collected *collected, struct collected_slab *slab);

/* Grow an array of `each` bytes an element by doubling. False: no memory, it is as it was. */
bool collected_grow(void *array, size_t *room, size_t each);

/* Make one, for a world that knows where the calling thread's stack begins. */
struct heapalloc_collected *collected_create(const struct heapalloc_collected_options *options, const void *stack_base);
