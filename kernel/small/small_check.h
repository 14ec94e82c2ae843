/* Checks of the small heap: every equation of small.h, and sums. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "small.h"

/* NULL, or the name of an equation of small.h that does not hold. */
const char *small_check_heap(const struct small *heap);
INLINE const char *small_check(void) {
    return small_check_heap(&small);
}

struct small_stats {
    size_t used_bytes, free_bytes, largest_bytes; /* of blocks, heads included; the largest free one's payload */
    size_t free_blocks, slabs;
};
void small_stats_heap(const struct small *heap, struct small_stats *stats);
INLINE void small_stats(struct small_stats *stats) {
    small_stats_heap(&small, stats);
}

/* Call `visit` for every block in use. */
void small_each(const struct small *heap, void (*visit)(void *context, void *p), void *context);
