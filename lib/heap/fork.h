/* fork: the child gets consistent lists and no held locks; it takes over other threads' slabs as it finds them.
 *
 * Before: all locks are frozen (base/lock.h), so both levels, the abandoned slabs and the list of heaps are consistent
 * in the copy. The other threads' heaps are not: their threads were running. The child never trusts their lists. It
 * marks those heaps LEFT_BY_FORK; when it frees into one of their slabs, or finds one in a sweep over all lines that
 * its slow paths do piece by piece, it takes the slab and finds its free blocks by their keys. After the sweep only the
 * blocks that those threads had in hand are lost. The world need not call these before there is a second thread: until
 * then a process may fork in a signal handler. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

void fork_prepare(void);
void fork_parent(void);
void fork_child(void);
