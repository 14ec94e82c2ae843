/* Where the heap's resident memory is: sums in which each page is counted once. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* How many bytes of [from, from + bytes) are resident. */
typedef size_t resident_function(const char *from, size_t bytes);

/*   live + rounding + kept + metadata == resident                                     tests: exit_stats */
struct resident {
    size_t live_bytes;     /* blocks of callers, as large as their size class makes them */
    size_t rounding_bytes; /* ends of slabs that no block fits into */
    size_t kept_bytes;     /* free: in slabs, caches, level 2 and level 1 */
    size_t metadata_bytes; /* tables, heaps */
    size_t resident_bytes;
    size_t mapped_bytes; /* the same, resident or not */
    size_t blocks;       /* of callers; a pool's slab or an arena's chunk is one */
};

/* Fill in the sums; nobody may use the heap meanwhile. False: the heap is damaged, or a fork left it unreadable: the
 * sums end there. */
bool resident_count(struct resident *sums, resident_function *resident);
