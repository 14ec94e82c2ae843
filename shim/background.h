/* A thread that gives memory back while all others sleep: only when asked, see the option `background`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* The option is set: the thread starts with the next one of the program, or at once where there are several. */
void background_ask(void);

/* The calling thread ends. When it is the main one the background thread ends, too: libc ends a process with its last
 * thread, and would count ours. */
void background_thread_ends(void);

/* A thread of the program is about to start. */
void background_thread_starts(void);
