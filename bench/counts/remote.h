/* The two operations that need a second thread: freeing another thread's blocks, and allocating after that. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "ops.h"

enum { REMOTE_BLOCKS = 1000 };

/* A producer, alive throughout, allocates; a consumer frees: its instructions count. */
void run_remote_free(const struct op *op);

/* The same, but the producer's next allocations count. */
void run_remote_again(const struct op *op);
