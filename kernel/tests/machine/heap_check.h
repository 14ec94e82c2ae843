/* Shared by the heap's tests: patterns in blocks, and a heap at rest. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "page.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fill a block with words that depend on `seed` and position; check that its first `size` bytes are still as filled. */
void heap_check_fill(void *block, size_t size, uint64_t seed);
bool heap_check_holds(const void *block, size_t size, uint64_t seed);

bool heap_check_is_zero(const void *block, size_t size);

/* Let every core give back what its heap keeps, until nothing more comes; returns the sums. */
struct page_sums heap_check_settle(void);
bool heap_check_same(const struct page_sums *one, const struct page_sums *other);

/* Allocate all memory, the largest blocks first; they are chained by their first words, so no memory is needed to
 * remember them. */
void *heap_check_take_all(void);
void heap_check_give(void *chain);

bool heap_check_is_small(void); /* a machine so small that a core may run out */
