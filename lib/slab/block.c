/* The mark at the end of every list of blocks. */
/* SPDX-License-Identifier: MIT */
#include "slab/block.h"

STARTUP_CONST const struct block block_end_mark __attribute__((aligned(16)));
