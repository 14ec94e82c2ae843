/* The unit's line: 64 bytes that describe 16 KiB, apart from them.
 *
 * A run of units with one purpose is an extent; its first line is its head and describes it, the lines after it say
 * INSIDE (a free extent's last line also says where it begins). A head becomes INSIDE before its unit joins another
 * extent, so a pointer into the middle of anything meets INSIDE and never a stale head. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"
#include "base/memory.h"
#include "engine/classes.h"
#include "engine/tlsf.h"

struct heap;
struct block;

enum unit_kind {
    UNIT_INSIDE = 0, /* not the head of an extent, or never used */
    UNIT_FREE,       /* head of a free extent, in one of level 1's indexes */
    UNIT_FREE_LAST,  /* last of a free extent of several units */
    UNIT_SLAB,       /* one unit of equal blocks */
    UNIT_MEDIUM,     /* belongs to level 2; the kind of every unit of such an extent */
    UNIT_LARGE,      /* head of a caller's block of whole units */
    UNIT_LEAVING,    /* head of an extent that is being purged or freed; nobody's for now */
    UNIT_META,       /* the allocator's own data */
    UNIT_POOL,       /* a slab of a pool, which stands in `owner` */
    UNIT_ARENA,      /* head of an arena's chunk; the arena stands in `owner` */
    UNIT_EDGE,       /* the line before a span's first unit */
};

enum unit_flags {
    UNIT_CLEAN = 1,     /* its memory is known to be zero; for a slab: was when the slab was made */
    UNIT_AGED = 2,      /* a free extent in the list by age */
    UNIT_SAMPLED = 2,   /* a large block that a profiler knows; a slab with such blocks (heap/sample.h) */
    UNIT_EMPTY = 4,     /* an empty slab its owner keeps */
    UNIT_PARTIAL = 8,   /* an owned slab in its heap's partial list */
    UNIT_ATTACHED = 16, /* an owned slab whose blocks return to its heap's bin */
    UNIT_UNMAPPED = 32, /* a free extent whose addresses went back to the world: mapped again before it is used */
    UNIT_MOVED = 64,    /* a large block whose pages were moved here: the world keeps it apart from its neighbours */
    UNIT_ROOMY = 128,   /* a large block that grew: the room behind its `wanted` units was untouched at first */
    UNIT_STATES = UNIT_CLEAN | UNIT_UNMAPPED, /* free extents merge only when these are the same */
};

/* lock: a head's fields belong to whoever holds the extent; a free one's to the units lock;
 *       slab: plain fields are the owner's, `remote` is atomic (slab/owner.h)
 *   every unit below its span's top lies in just one extent                          verify: extents
 *   free extent: lines[count - 1].count == count, kind FREE_LAST if count > 1        verify: free_extents
 *   free extents that touch are not both clean, nor both dirty, nor both unmapped        verify: coalesced
 *   slab: used + length(free) == kept; remote <= used; no block is in two lists, none of these in a purged page;
 *         kept == carved - blocks in purged pages                                           verify: slab_counts
 *   roomy: a large block, and 0 < wanted <= count                                    verify: extents */
struct unit {
    struct heap *owner; /* slab: may touch the plain fields; NULL: nobody does, or no slab */
    union {
        struct {                /* a slab */
            struct block *free; /* blocks the owner may hand out, LIFO                 */
            union {
                uint16_t used_blocks;  /* detached: kept and not in `free`: with a caller, in a bin, in remote */
                uint16_t returns_left; /* attached: frees until the owner's next slow path */
            };
            uint16_t resident_blocks; /* carved and not in purged pages                             */
            uint32_t recip;           /* class_shape.recip, here for free()'s start check    */
            uint32_t start_limit;     /* carved blocks * class_start_step; 0 while it has purged pages, or is
                                         sampled: then frees take the slow path */
            uint32_t remote;          /* slab/owner.h                                        */
        };
        struct {                /* any other extent */
            struct unit *older; /* free and dirty: the list by age */
            struct unit *newer;
            uint32_t count; /* units */
            union {
                uint32_t freed_ms; /* when it became free */
                uint32_t wanted;   /* a roomy block: units that were asked for */
            };
        };
    };
    union {
        struct tlsf_node node; /* free extent: level 1's index */
        struct {               /* slab: its owner's partial list, or the abandoned slabs' */
            struct unit *next;
            union {
                struct unit *prev;
                struct heap *last_owner; /* full slab without an owner, in neither list */
            };
        };
        char *bin; /* attached slab, in neither list: its bin is at this address + offset of `free` */
    };
    char *memory;           /* what the extent describes */
    uint16_t carved_blocks; /* cut so far, from the start */
    uint16_t block_bytes;   /* 0: not a slab */
    uint8_t class;
    uint8_t kind;
    uint8_t flags;
    uint8_t purged_pages; /* slab: its purged pages, and when it began to wait (slab/purged_pages.h) */
};

enum { UNIT_LINE_SHIFT = 6, UNIT_LINE_BYTES = 1 << UNIT_LINE_SHIFT };
_Static_assert(sizeof(struct unit) == UNIT_LINE_BYTES, "one line describes one unit");

/* Bytes of the extent that the unit is the first of. */
INLINE size_t unit_bytes(const struct unit *unit) {
    return (size_t)unit->count << UNIT_SHIFT;
}

/* So many units hold `bytes`. */
INLINE size_t units_to_hold(size_t bytes) {
    return (bytes + UNIT_BYTES - 1) >> UNIT_SHIFT;
}

/* The unit is of this kind now. Others may read it at any time, to see whether they can grow into it; in the bounded
 * build, which does not look there without the lock, a plain store keeps the longest calls within their limit. */
INLINE void unit_become(struct unit *unit, enum unit_kind kind) {
    if (config_bounded)
        unit->kind = (uint8_t)kind;
    else
        store_relaxed(unit->kind, (uint8_t)kind);
}

/* Write the line of an extent that is no slab, its kind last and at once: the holder of the extent beside it may read
 * the kind at any time. */
INLINE void unit_describe(struct unit *unit, struct unit line) {
    unit->owner = line.owner;
    unit->older = line.older;
    unit->newer = line.newer;
    unit->count = line.count;
    unit->freed_ms = line.freed_ms;
    unit->node = line.node;
    unit->memory = line.memory;
    unit->carved_blocks = line.carved_blocks;
    unit->block_bytes = line.block_bytes;
    unit->class = line.class;
    unit->flags = line.flags;
    unit->purged_pages = line.purged_pages;
    store_relaxed(unit->kind, line.kind);
}

/* [ unit ] => [ unit ][ tail, an extent of its own ] */
INLINE struct unit *unit_cut_tail(struct unit *unit, uint32_t count) {
    debug_check(count > 0 && count < unit->count);
    debug_check(unit->kind != UNIT_INSIDE && unit->kind != UNIT_FREE_LAST);
    struct unit *tail = unit + count;
    unit_describe(tail, (struct unit){.count = unit->count - count,
                                      .memory = unit->memory + ((size_t)count << UNIT_SHIFT),
                                      .kind = UNIT_LEAVING,
                                      .flags = unit->flags & UNIT_CLEAN});
    unit->count = count;
    return tail;
}
