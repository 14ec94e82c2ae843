/* The operations that grow blocks by steps of `size_bytes`: `blocks` of them in turn, to `last_bytes` each. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "ops.h"

/* A step of one block counts as one operation. Warms up by growing all blocks once. */
void run_grow(const struct op *op);

/* The same for small blocks that double at each step, so that each takes another size class. */
void run_double(const struct op *op);
