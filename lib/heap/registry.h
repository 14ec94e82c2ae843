/* All heaps there are: one made or found for a thread when it first allocates. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* A live heap that no thread has; NULL: no memory. */
struct heap *heap_create(void);

/* The calling thread's live heap, made if it has none, put back if it was alerted; NULL: no memory, or the thread has
 * ended. */
struct heap *heap_for_thread(void);

/* Make a heap for a thread without one, and hear an alert. Entry functions that may take a lock but need no heap begin
 * with this, because the first heap registers the fork handlers. */
INLINE void heap_enter(void) {
    if (unlikely(load_relaxed(heap_fast)->state == HEAP_NONE)) heap_for_thread();
}
