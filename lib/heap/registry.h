/* All heaps there are: one made or found for a thread when it first allocates. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* A heap of nobody's, live; NULL: no memory. */
struct heap *heap_create(void);

/* The calling thread's live heap, made if it has none; NULL: no memory, or the thread has ended. */
struct heap *heap_for_thread(void);

/* What may take a lock and needs no heap begins with this: while a thread has none, nothing is arranged for forks. */
INLINE void heap_enter(void) {
    if (unlikely(heap_self->state == HEAP_NONE)) heap_for_thread();
}

/* The calling thread's last destructor has run: it gets no heap any more. */
extern _Thread_local bool heap_thread_ended __attribute__((visibility("hidden"), tls_model("initial-exec")));
