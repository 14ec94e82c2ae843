/* Blocks that grow in place, for programs that would rather allocate another block than have one moved. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Make the used block at `p` at least `size` bytes long without moving it; it never becomes shorter. False: it has no
 * room to its right, and is unchanged. A pointer to no block ends the program with the name of `function`. */
bool heap_expand(const char *function, void *p, size_t size);

/* The least usable size of a block for `size`; 0: there is no such block. */
size_t heap_good_size(size_t size);
