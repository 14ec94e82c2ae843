/* Stops the other threads, each in a signal handler, so that their registers are on their stacks. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Stop all threads but the caller. Returns how many still run: they block the signal, or there are too many. */
size_t leaks_stop(void);

/* From now on do not stop the calling thread, one of the library's own, which blocks all signals and holds no pointer
 * of the program. */
void leaks_stop_never(void);

/* The lowest used address of the n-th stopped thread's stack; 0: there are no more. */
uintptr_t leaks_stopped_at(size_t n);

/* Let the stopped threads go on. */
void leaks_resume(void);
