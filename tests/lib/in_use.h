/* How many blocks are in use. Once all are freed it is none: a block that was lost on its way to its owner breaks no
 * equation, but stays in use. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/tally.h"

/* No other thread may use the heap meanwhile, and the caller's bins are flushed. */
static size_t blocks_in_use(void) {
    static struct tally tally;
    tally_read(&tally);
    size_t used = tally.medium.blocks + tally.large.blocks + tally.redzones.blocks;
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) used += tally.classes[class].used_blocks;
    return used;
}
