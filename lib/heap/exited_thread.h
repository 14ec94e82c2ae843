/* Allocation for threads whose last destructor has run: libc still allocates and frees a little for them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Allocate from the one heap that such threads share, under its lock. NULL: no memory. */
void *exited_alloc(size_t size);

/* True for the shared heap itself: no thread owns it, so no fork leaves it behind. */
bool exited_owns(const struct heap *heap);
extern struct lock exited_lock __attribute__((visibility("hidden")));
