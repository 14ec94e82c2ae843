/* A thread's heap: made at its first allocation, given up when the thread ends, its struct used again. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* The calling thread ends: everything of its heap that another thread can use goes to where they look. */
void heap_leave(void);

/* The same without an end: the heap, a live one, has nothing left and serves on. */
void heap_give_up(struct heap *heap);
