/* The other threads stand still, each in a signal's handler, so that their registers lie on their stacks. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Stop all threads but the caller's. Returns how many could not be: they block the signal, or are too many. */
size_t leaks_stop(void);

/* Where the stack of the n-th thread that stands still ends; 0: there are no more. */
uintptr_t leaks_stopped_at(size_t n);

/* Let them go on. */
void leaks_resume(void);
