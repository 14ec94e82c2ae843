/* Small heaps: any number of them, for one core each or under the caller's lock, on 32 or 64 bits (kernel/small/).
 *
 * A heap is made in its first region, and has nothing outside of its regions. Regions may have attributes, bits with a
 * meaning of the caller's (memory that a device reaches, fast memory, external memory), and a request may ask for some.
 * Misuse ends in port_stop() with one sentence. O(1) unless said otherwise, where a heap has few regions. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heapalloc_small;

enum { HEAPALLOC_ANYWHERE = 0 };

/* Make a heap in [start, start + bytes), whose attributes are those of this memory. About 6 KB of it (3 KB with 32
 * bits) become tables, for each set of attributes that a heap has. returns       NULL when that is too small */
struct heapalloc_small *heapalloc_small_create(void *start, size_t bytes, uint32_t attributes);

/* Give a heap more memory. Take back what was given with this start, or the heap's first region's successor of the same
 * attributes; false: something in it is in use, or it holds tables. */
bool heapalloc_small_add_region(struct heapalloc_small *heap, void *start, size_t bytes, uint32_t attributes);
bool heapalloc_small_remove_region(struct heapalloc_small *heap, void *start);

/* Allocate `size` bytes at a multiple of `align`, a power of two, in memory that has all of `attributes`; `fallback`:
 * else in any. returns       NULL when there is no such memory, and when align is no power of two */
void *heapalloc_small_alloc_from(struct heapalloc_small *heap, size_t size, size_t align, uint32_t attributes,
                                 bool fallback);
void *heapalloc_small_alloc(struct heapalloc_small *heap, size_t size);

/* Make a block another size, at a multiple of `align`, in memory of the attributes that it is in, or in any if there is
 * none. */
void *heapalloc_small_realloc(struct heapalloc_small *heap, void *p, size_t size, size_t align);
void heapalloc_small_free(struct heapalloc_small *heap, void *p);

/* How many bytes the block at `p` has; at least what was asked for. */
size_t heapalloc_small_usable(struct heapalloc_small *heap, const void *p);

/* Called after an allocation and before a free, with the caller's size and 0, and when a request is refused. Each may
 * be NULL. */
struct heapalloc_small_hooks {
    void (*alloc)(void *context, void *p, size_t size);
    void (*free)(void *context, void *p);
    void (*failed)(void *context, size_t size);
    void *context;
};
void heapalloc_small_hook(struct heapalloc_small *heap, const struct heapalloc_small_hooks *hooks);

/* Sums in bytes, heads included; of slabs, whole ones. O(sets of attributes). */
struct heapalloc_small_figures {
    size_t used_bytes, free_bytes;
    size_t peak_bytes;  /* the most that was used */
    size_t least_bytes; /* the least that was free since the last region was added */
    size_t failures;    /* requests that were refused */
};
struct heapalloc_small_figures heapalloc_small_figures(const struct heapalloc_small *heap);

/* NULL, or which equation of kernel/small/small.h does not hold. O(heap). */
const char *heapalloc_small_check(const struct heapalloc_small *heap);

/* In a build with -DSMALL_GUARDED=1 each block ends in a guard that says its size and its caller, and is overwritten
 * when it is freed: a write behind it ends the program with a sentence when it is freed. This calls `visit` for each
 * block in use, with its caller's address; in other builds for none. O(heap). */
void heapalloc_small_each(struct heapalloc_small *heap,
                          void (*visit)(void *context, void *p, size_t size, const void *caller), void *context);

/* How much RAM is enough for ever, in whatever order: for `blocks` blocks at a time of `live_bytes` together, the
 * largest of `largest_bytes`. And what no allocator can do without that does not move blocks (Robson 1971, sizes are
 * powers of two). */
size_t heapalloc_small_enough(size_t live_bytes, size_t blocks, size_t largest_bytes);
size_t heapalloc_small_least(size_t live_bytes, size_t largest_bytes);
