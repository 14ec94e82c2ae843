/* Reports leaks: live blocks that nothing in the program points to any more. See the option `leaks`. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Returns an address just below the caller's frame, above the frames of functions that it calls next. */
uintptr_t leaks_stack(void);

enum { LEAKS_UNKNOWN = -1 };

/* Search for leaks and report the lost blocks on `file`, if it is not -1; returns how many there are, LEAKS_UNKNOWN
 * with errno when there was no search. No lock may be held. `stack` is where the program's part of the stack
 * begins, with its registers; below are our own frames, which hold no block. Other threads are stopped meanwhile. */
long leaks_tell(int file, uintptr_t stack);
