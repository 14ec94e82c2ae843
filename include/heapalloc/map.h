/* The heap map: where a process's heap is and how it is laid out, for readers outside of it.
 *
 * The library exports one constant, `heapalloc_map`. Whoever can read the process's memory (another process, a debugger
 * on a core file, heapalloc_walk() in the process itself) finds everything from there: roots are addresses, the rest
 * are offsets and sizes in bytes as the compiler of that library laid them out. It is constant data and costs nothing
 * until it is read. An ELF note named "heapalloc" of type HEAPALLOC_MAP_NOTE, in the first page of the library or of a
 * program that it is linked into, holds the distance from its own descriptor to the map (a signed 64-bit number). So
 * the map is found without symbols, even in core files, which contain that page.
 *
 *   span_home, span_list[span_count] -> span -> lines[unit] -> slab, large block, free extent ...
 *                                            -> slots[granule] -> medium block
 *   heaps -> heap -> next_all ...
 *   redzones -> [ size, mark ][ the caller's bytes ][ mark ][ size, mark ] ...
 *   named -> entry -> pool, arena, collected arena
 *
 * An arena has handed out the bytes from its memory's start to its end and `arena_reserved`, without `arena_spare` and
 * what is between the two words of each room. A pool has start_limit / (recip * block_bytes, modulo 2^32) blocks in
 * each slab; those whose last two words, at the manager's tail or else at the start, have a free block's key with the
 * pool's own secret are free, and `pool_last` is. The fast build has no keys: there all of them count as handed out.
 *
 * A block with red zones is found by the mark before it, a hash of its address, its size and the secret, which says
 * whether it is used; lib/heap/redzone_mark.h has the formula. The larger ones are medium blocks whose slot has
 * HEAPALLOC_MAP_SAMPLED, and the caller's bytes begin 16, 2048 or 4096 bytes behind the block's start.
 *
 * Readers check `magic`, `version` and `bytes` before anything else, and bound what they follow: the process may go on
 * meanwhile, or be damaged. A change of anything a reader relies on, the meaning of kinds and states included, is a new
 * version. Values of kinds, flags and states are those below.                                                    */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAPALLOC_MAP_MAGIC "heapalloc map\n" /* fills its 16 bytes with its end and a zero */
#define HEAPALLOC_MAP_VERSION 4
#define HEAPALLOC_MAP_NOTE 1
#define HEAPALLOC_PROFILE_MAGIC "heapalloc prof\n"
#define HEAPALLOC_PROFILE_VERSION 1
#define HEAPALLOC_PROFILE_NOTE 2

/* What a line says of its unit, in `unit_kind`. */
enum heapalloc_map_kind {
    HEAPALLOC_MAP_INSIDE = 0,    /* belongs to the extent whose head is before it */
    HEAPALLOC_MAP_FREE = 1,      /* `unit_count` free units */
    HEAPALLOC_MAP_FREE_LAST = 2, /* the last of them */
    HEAPALLOC_MAP_SLAB = 3,      /* equal blocks */
    HEAPALLOC_MAP_MEDIUM = 4,    /* granules; the kind of every such unit */
    HEAPALLOC_MAP_LARGE = 5,     /* one block of `unit_count` units */
    HEAPALLOC_MAP_LEAVING = 6,   /* changing from one purpose to another */
    HEAPALLOC_MAP_META = 7,      /* the allocator's own */
    HEAPALLOC_MAP_POOL = 8,      /* a slab of a pool */
    HEAPALLOC_MAP_ARENA = 9,     /* a chunk of an arena */
    HEAPALLOC_MAP_EDGE = 10,
};

/* What has an entry in the named list, in `named_kind`. */
enum heapalloc_map_named {
    HEAPALLOC_MAP_NAMED_POOL = 0,
    HEAPALLOC_MAP_NAMED_ARENA = 1,
    HEAPALLOC_MAP_NAMED_COLLECTED = 2,
};

enum {
    HEAPALLOC_MAP_ATTACHED = 16,                 /* of unit_flags: the slab's free blocks are in its owner's bin */
    HEAPALLOC_MAP_GRANULE_COUNT = (1 << 26) - 1, /* of granule_head: granules of the block */
    HEAPALLOC_MAP_SAMPLED = 1 << 26,             /* of granule_head, of a used block: it may have red zones */
    HEAPALLOC_MAP_GRANULE_SHIFT = 28,            /* from here, three bits: 1 used, 2 free, 3 cached, 4 deferred */
    HEAPALLOC_MAP_PURGED_BYTES = 4096,           /* of a slab for each of the four lower bits of unit_purged_pages */
    HEAPALLOC_MAP_HEAP_LIVE = 1,                 /* of heap_state: a thread has it */
    HEAPALLOC_MAP_NAME_BYTES = 40,               /* of named_name, with the zero that ends it */
};

struct heapalloc_map {
    char magic[16];
    uint32_t version, bytes; /* of this struct */
    uint32_t safety;         /* 0 fast: free blocks have no key; 1 default, 2 hardened */
    uint32_t key_is_sum;     /* a free block's key is (its address + next) ^ secret; 0: (its address ^ next) ^ secret */

    /* Roots: addresses in the process. */
    const void *span_home;  /* the first span */
    const void *span_list;  /* pointers to the others, some may be NULL */
    const void *span_count; /* uint32_t: how many of them */
    const void *heaps;      /* pointer to the first heap record */
    const void *secret;     /* uintptr_t */
    const void *block_end;  /* ends lists of free blocks, except the fast build's, which end with NULL */
    const void *classes;    /* class table: class_bytes each */
    const void *redzones; /* three words: the address, the bytes, and the used bytes of the region of small blocks that
                             have red zones; they are in a unit of the allocator's own */
    const void *named;    /* pointer to the first entry of what has a name or a lock; NULL: there is none */

    /* Sizes. */
    uint32_t unit_bytes, granule_bytes; /* of memory */
    uint32_t class_count, spans_max;
    uint32_t class_bytes, class_block_bytes; /* the record of a class, and the uint16_t in it */

    /* A span's record. */
    uint32_t span_bytes;
    uint32_t span_base, span_size, span_lines, span_slots; /* pointer, size_t, pointer, pointer */
    uint32_t span_top_units;                               /* uint32_t: lines from here on were never used */

    /* A unit's line. */
    uint32_t line_bytes;
    uint32_t unit_owner, unit_free, unit_memory;               /* pointers */
    uint32_t unit_count, unit_remote, unit_recip;              /* uint32_t */
    uint32_t unit_used, unit_resident, unit_carved, unit_size; /* uint16_t: blocks, blocks, blocks, bytes of one */
    uint32_t unit_class, unit_kind, unit_flags, unit_purged;   /* uint8_t */

    /* A granule's slot, a free block. */
    uint32_t slot_bytes, granule_before, granule_head; /* uint32_t both */
    uint32_t block_next, block_key;                    /* pointer, uintptr_t */

    /* A heap's record: one per thread that ever allocated. */
    uint32_t heap_bytes;
    uint32_t heap_state, heap_next_all; /* uint32_t, pointer */
    uint32_t heap_bin, heap_classes;    /* class_count pointers, class_count records */

    /* What a heap has of one size class, beside its bin. */
    uint32_t size_class_bytes;
    uint32_t size_class_current, size_class_attached, size_class_partial; /* pointers, the last to the first slab */

    /* An entry of the named list. Without an object it has ended; without a name it only has a lock. */
    uint32_t named_bytes;
    uint32_t named_next, named_object; /* pointers */
    uint32_t named_name, named_kind;   /* characters, uint32_t */

    /* An arena, and a collected one. */
    uint32_t arena_bytes;
    uint32_t arena_reserved, arena_spare;         /* size_t */
    uint32_t arena_memory, arena_open, arena_own; /* two pointers each: the caller's memory; two rooms */
    uint32_t collected_bytes;
    uint32_t collected_used, collected_reserved; /* size_t */

    /* A pool, and its slabs' lines. */
    uint32_t pool_bytes;
    uint32_t pool_secret, pool_last, pool_slabs, pool_manager; /* uintptr_t, pointers; last, manager may be NULL */
    uint32_t pool_block_bytes, pool_recip, pool_slab_count;    /* uint32_t */
    uint32_t manager_bytes, manager_tail;                      /* uint32_t: bytes from an object's start to its words */
    uint32_t unit_next, unit_start_limit;                      /* pointer, uint32_t */
};

/* The live blocks that were sampled, while a profiler is on. A note of type HEAPALLOC_PROFILE_NOTE, otherwise like that
 * of the map, leads to this struct, which is all zero until the first block is sampled.
 *   blocks[room] -> place -> return addresses, innermost first                                                    */
struct heapalloc_profile_map {
    char magic[16];
    uint32_t version, bytes; /* of this struct */
    uint64_t rate;           /* a sample in so many bytes; 1: each block */
    const void *blocks;      /* a hash table: an address of 0 is a free entry, an odd one no block */
    uint64_t room;           /* entries */
    uint32_t block_bytes, block_address, block_size, block_place; /* uintptr_t, size_t, pointer */
    uint32_t place_depth, place_stack;                            /* size_t, and so many uintptr_t */
};

extern const struct heapalloc_map heapalloc_map __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif
