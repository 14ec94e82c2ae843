/* `heapalloc explore`: the shell over a private heap. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Returns the exit status: the session's, 2 for a wrong argument. */
int explore_run(int argc, char **argv);
