/* Sets of address ranges: union, subtraction and trimming by interval arithmetic. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { RANGES_MAX = 64 };

struct range {
    uint64_t start; /* first byte                */
    uint64_t end;   /* one past the last; >= start */
};

/* As a list: any order. As a set, kept by every function below except ranges_append:
 *   at[i].start < at[i].end < at[i + 1].start      (sorted, disjoint, never touching)   */
struct range_list {
    struct range at[RANGES_MAX];
    uint32_t count;
};

/* Add to a list. An empty range is dropped. False: the list is full. */
bool ranges_append(struct range_list *list, struct range range);

/* Add to a set, merging what overlaps or touches. False: the set is full and unchanged. */
bool ranges_add(struct range_list *set, struct range range);

/* Remove from a set; a hole splits a range in two. False: the set is full and unchanged. */
bool ranges_subtract(struct range_list *set, struct range hole);

/* Trim each range to whole granules (a power of two). */
void ranges_trim(struct range_list *set, uint64_t granule_bytes);

/* The smallest range of whole granules around `range`, cut off at the last granule there is. */
struct range range_cover(struct range range, uint64_t granule_bytes);

uint64_t ranges_bytes(const struct range_list *set);
bool ranges_overlap(const struct range_list *set, struct range range);
