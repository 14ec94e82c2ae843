/* Telling other threads that memory waits to be purged.
 *
 * A thread that allocates and frees a block or two may take no slow path for thousands of calls, and does not notice
 * what others have freed. To alert a heap is to put heap_none in place of its thread's `heap_fast`, the heap that the
 * fast paths use: the thread's next call finds nothing there, takes the slow path, puts its heap back and looks at the
 * clock. The fast paths pay nothing for this. Slow paths use `heap_self`, which nobody else writes to. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/pace.h"

/* True when more than `much_units` wait to be purged: free and dirty, or in slabs that threads gave up when they ended,
 * and that nobody has looked at for a decay time. */
bool alert_is_due(uint32_t much_units);

/* Alert all other heaps, unless they are alerted already. */
void alert_others(const struct heap *self);

/* This heap has nothing to wait for any more: the next time that memory waits, all are alerted again. False: some has
 * come to wait meanwhile. */
bool alert_end(void);

/* `units` with free blocks were given up by a thread that ends; they wait for a decay time from now on. */
void alert_ended(uint32_t units, uint32_t now_ms);

/* What threads that ended have left was looked at, if it has waited for a decay time. */
void alert_tidied(uint32_t now_ms);

/* Let the calling thread's fast paths use its heap, and others alert it; a heap of which nobody knows whether it was
 * alerted looks at the clock. */
void alert_listen(struct heap *heap);

/* The thread's heap was alerted: the same, and its next slow path looks at the clock. */
void alert_hear(struct heap *heap);

/* The thread ends: nobody else writes to its `heap_fast` from now on. */
void alert_leave(struct heap *heap);
