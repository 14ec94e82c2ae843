/* fork: the child gets whole lists and no locks held; what its lost threads owned comes to it when it is met.
 *
 * Before: all locks are frozen (base/lock.h), so both levels, the abandoned slabs and the heaps are consistent in the
 * copy. The other threads' heaps are not: they were running. The child never trusts their lists. It marks those heaps
 * LOST, and when it frees into one of their slabs, or meets one in a sweep over all lines that its slow paths do, some
 * lines at a time, it takes the slab and finds its free blocks by their keys. After the sweep nothing is lost any more
 * but what those threads had in hand: the child is a process as others are. The world need not call these before there
 * is a second thread: then a process may fork in a signal handler. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

void fork_prepare(void);
void fork_parent(void);
void fork_child(void);
