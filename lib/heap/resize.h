/* realloc: in place where the neighbour allows, by moving pages where it is large, by copying otherwise. */
#pragma once
#include "heap/heap.h"

/* True when a large block of `have` units is long enough for `need`, and less than a sixteenth too long. */
INLINE bool resize_fits(uint32_t have, size_t need) {
    return have - need <= have / 16;
}

/* Make the block at `p` (not NULL) at least `size` bytes (not 0) long; its first min(old, new) bytes keep their contents. NULL:
 * no memory, and the block is as it was. */
void *heap_resize(void *p, size_t size);
