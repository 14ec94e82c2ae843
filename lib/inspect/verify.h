/* The verifier: proves every equation that a struct comment of lib/ marks `verify: NAME`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* NULL when all of them hold, otherwise the NAME of the first that does not. Nobody may use the heap meanwhile; heaps
 * of other threads are checked too, except those that a fork has lost. O(heap). */
const char *verify_heap(void);
