/* The mark at the end of every list of blocks. */
/* SPDX-License-Identifier: MIT */
#include "slab/block.h"

STARTUP_DATA const struct block block_end_mark __attribute__((aligned(16)));
