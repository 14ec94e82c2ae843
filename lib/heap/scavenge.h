/* The bounded build's way of giving back what is idle: so many steps per call, the rest in the calls after it.
 *
 * Such a build keeps no cache, gives whole units of level 2 to level 1 at once, and keeps every empty slab until each
 * of its blocks was found to have its key. What a request that finds no memory could still use is therefore only in
 * idle slabs: empty ones, first in their queues, and current ones of which every carved block is in the bin. The heap
 * looks at one of them at a time. A current slab counts as idle only if nothing was taken from its bin or freed into it
 * since the first look. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Look at so many blocks of the slab whose turn it is, or give it back if all of them were looked at. True: its unit is
 * level 1's now. */
bool scavenge_step(struct heap *heap);

/* The same when `slab` has become an empty one; that slab if no other is being looked at. */
void scavenge_empty(struct heap *heap, struct unit *slab);
