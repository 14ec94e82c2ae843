/* The freestanding face: the heap for a world that owns its memory, such as a kernel or a firmware.
 *
 * heap_init() once, then the rest, on any core. Each core (whatever has thread-locals of its own) has a heap of its
 * own, made at its first allocation; any core may free any block. An interrupt handler that allocates, or frees, must
 * not come in between a call of its own core: mask interrupts around calls then. Misuse ends in port_stop() with one
 * sentence. kernel/README.md tells which files to compile, kernel/example is a small world. Not in the host's library.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Make [start, start + bytes) the heap's first memory. About 2 % of it, at its start, become tables.
 * returns       false when it is smaller than 64 KiB or the heap has memory already: nothing has changed
 * thread, cost  before anything else, on one core; O(bytes): the tables are zeroed, nothing else is touched    */
bool heap_init(void *start, size_t bytes);

/* Give the heap more memory: a range of its own, or one within a span that was kept back so far.
 * returns       false when it is too small, or some of it is the heap's already: nothing has changed
 * thread, cost  any core, one at a time; O(bytes); takes one lock                                              */
bool heap_add_region(void *start, size_t bytes);

/* Allocate `size` bytes at a multiple of 16; 0 is served as 1. Contents are undefined, or zero.
 * returns       NULL when there is no memory                                                                   */
void *heap_alloc(size_t size);
void *heap_alloc_zeroed(size_t size);

/* The same at a multiple of `align`, a power of two. */
void *heap_alloc_aligned(size_t size, size_t align);

/* Make the block at `p` `size` bytes long, here or elsewhere; what is in it comes along. heap_realloc(NULL, n) is
 * heap_alloc(n); heap_realloc(p, 0) frees and returns NULL.
 * returns       NULL when there is no memory: the block is as it was                                           */
void *heap_realloc(void *p, size_t size);

/* Free a block; `p` may be NULL. */
void heap_free(void *p);
