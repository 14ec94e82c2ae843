/* The heap for the kernel: k* for everybody, heap_* (heapalloc/heap.h) for those who mask
 * interrupts themselves.
 *
 * Each core has a heap of its own, its bins need no lock: what could come in between is an
 * interrupt of the same core. k* mask interrupts for as long as a call takes, but not while bytes are
 * zeroed or copied, so that handlers may use them too; a block may be freed by any core. heap_* do not: call them with
 * interrupts masked, or from a kernel whose handlers never allocate. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heap.h>
#include <stdbool.h>
#include <stddef.h>

/* `size` bytes at a multiple of 16; 0 is served as 1. NULL: no memory. */
void *kmalloc(size_t size);
void *kzalloc(size_t size);                       /* that read as zero */
void *kmalloc_aligned(size_t size, size_t align); /* at a multiple of `align`; NULL also when that is no power of two */

/* Make the block at `p` `size` bytes long, here or elsewhere. NULL: no memory, and the block is as
 * it was. krealloc(NULL, n) is kmalloc(n); krealloc(p, 0) frees and returns NULL. */
void *krealloc(void *p, size_t size);

/* `p` may be NULL. A pointer that is no block, or free already, ends the machine with a sentence.
 */
void kfree(void *p);

/* Give back what this core's heap keeps for its next requests. Done anyway before an allocation
 * fails; what other cores keep, only they can give back. */
void kmalloc_trim(void);

/* NULL when every equation of the heap holds, else the name of the first that does not; no other
 * core may use it. */
const char *kmalloc_verify(void);
