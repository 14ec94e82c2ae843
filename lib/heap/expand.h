/* Blocks that grow where they are, for who would rather allocate another than have one moved. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Make the used block at `p` at least `size` bytes long without moving it; it never becomes shorter. False: it has no
 * room to its right, and is as it was. What is no block ends the program under the name of `function`. */
bool heap_expand(const char *function, void *p, size_t size);

/* The bytes that a block for `size` has at least; 0: there is none of that size. */
size_t heap_good_size(size_t size);
