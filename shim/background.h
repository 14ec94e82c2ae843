/* A thread that gives memory back while all others sleep: see the option `background`. */
/* SPDX-License-Identifier: MIT */
#pragma once

enum background_start { BACKGROUND_WITH_THREADS, BACKGROUND_AT_ONCE };

/* Request the thread: it starts at once, or with the program's next thread unless the program has several. */
void background_ask(enum background_start when);

/* The calling thread ends. If it is the main thread, end the library's threads too: libc ends a process with its last
 * thread, and ours would keep it alive. */
void background_thread_ends(void);

/* A thread of the program is about to start: start the background thread if it was requested. */
void background_thread_starts(void);
