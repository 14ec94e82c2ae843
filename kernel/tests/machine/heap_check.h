/* What the heap's tests share: patterns in blocks, and a heap at rest. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "page.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fill a block with words that depend on `seed` and place; whether its first `size` bytes are still
 * as filled. */
void heap_check_fill(void *block, size_t size, uint64_t seed);
bool heap_check_holds(const void *block, size_t size, uint64_t seed);

bool heap_check_is_zero(const void *block, size_t size);

/* Let every core give back what its heap keeps, until no more comes; then the sums. */
struct page_sums heap_check_settle(void);
bool heap_check_same(const struct page_sums *one, const struct page_sums *other);

/* Every block there is, largest first; they are chained by their first words: no memory is needed
 * to remember them. */
void *heap_check_take_all(void);
void heap_check_give(void *chain);

bool heap_check_is_small(void); /* a machine too small to promise that no core of many runs out */
