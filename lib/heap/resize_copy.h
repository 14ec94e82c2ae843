/* realloc: a block that cannot stay where it is has its contents copied. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/alloc.h"

/* The calling thread's heap, or NULL. */
INLINE struct heap *resize_heap(void) {
    return heap_self->state == HEAP_LIVE ? heap_self : NULL;
}

/* Copy a block to a new one of `size` bytes and free it. NULL: no memory, and the block is unchanged. Blocks move to
 * where no red zones are: who resizes a block may do so again, and should not pay for them each time. */
void *resize_by_copy(void *p, size_t old_bytes, size_t size, enum alloc_room room);

/* Whether most of a block has memory behind it. */
enum resize_density { RESIZE_SPARSE, RESIZE_DENSE };

/* Copy all of `from` to the front of `to`. Where the peak would rise, because `to` had no memory or `from` has little,
 * what was copied is purged step by step, so that it rises by one step. */
void resize_copy_large(struct unit *to, struct unit *from, enum resize_density density);
