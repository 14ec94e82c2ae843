/* The heap for the kernel: k* for everybody, heap_* (heapalloc/heap.h) for callers that mask interrupts themselves.
 *
 * Each core has a heap of its own, whose bins need no lock: only an interrupt of the same core can come in between. k*
 * mask interrupts during a call, but not while bytes are zeroed or copied, so that handlers may use them too; a block
 * may be freed by any core. heap_* do not: call them with interrupts masked, or from a kernel whose handlers never
 * allocate. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heap.h>
#include <stdbool.h>
#include <stddef.h>

/* `size` bytes at a multiple of 16; 0 is served as 1. NULL: no memory. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);                       /* zeroed */
void *kmalloc_aligned(size_t size, size_t align); /* at a multiple of `align`; NULL also when that is no power of two */

/* Resize the block at `p` to `size` bytes, in place or by moving it. NULL: no memory, and the block is unchanged.
 * krealloc(NULL, n) is kmalloc(n); krealloc(p, 0) frees and returns NULL. */
void *krealloc(void *p, size_t size);

/* The same in place only, and what the block has room for. False: it would have to move. */
bool krealloc_in_place(void *p, size_t size, size_t *usable_bytes);

/* `p` may be NULL. A pointer that is not a block, or already free, ends the machine with a sentence.
 */
void kfree(void *p);

/* Give back at once what this core's heap keeps, which other calls do a step at a time; it takes as long as that is.
 * Only other cores themselves can give back what they keep. */
void kmalloc_trim(void);

/* NULL when every equation of the heap holds, else the name of the first that does not; no other
 * core may use it. */
const char *kmalloc_verify(void);
