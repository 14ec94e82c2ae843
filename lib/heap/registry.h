/* All heaps there are: one made or found for a thread when it first allocates. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* A live heap that no thread has; NULL: no memory. */
struct heap *heap_create(void);

/* The calling thread's live heap, made if it has none; NULL: no memory, or the thread has ended. */
struct heap *heap_for_thread(void);

/* Make a heap for a thread without one. Entry functions that may take a lock but need no heap begin with this, because
 * the first heap registers the fork handlers. */
INLINE void heap_enter(void) {
    if (unlikely(heap_self->state == HEAP_NONE)) heap_for_thread();
}

/* True once the calling thread's last destructor has run: it gets no heap any more. */
extern _Thread_local bool heap_thread_ended __attribute__((visibility("hidden"), tls_model("initial-exec")));
