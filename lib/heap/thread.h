/* A thread's heap: made at its first allocation, given up when the thread ends, its struct used again. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* End the calling thread's heap: all that another thread can use goes to where it is found. */
void heap_leave(void);

/* The same, but the thread and its live heap, now empty, go on. */
void heap_give_up(struct heap *heap);
