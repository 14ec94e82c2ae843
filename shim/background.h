/* A thread that gives memory back while all others sleep: see the option `background`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Request the thread: it starts with the program's next thread, or at once if the program has several. */
void background_ask(void);

/* The calling thread ends. If it is the main thread, end the library's threads too: libc ends a process with its last
 * thread, and ours would keep it alive. */
void background_thread_ends(void);

/* A thread of the program is about to start: start the background thread if it was requested. */
void background_thread_starts(void);
