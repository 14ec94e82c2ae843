/* The heap that a thread begins with, and what all heaps share. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#define EMPTY_BINS \
    { [0 ... CLASS_COUNT - 1] = BLOCK_END }

/* The heap of threads without one: empty bins, no slabs, a full cache and no quarantine, so that every call takes the
 * slow path. Its slow_left of 1 keeps remote frees off their fast path, too. Never written to. */
struct heap heap_none = {.bin = EMPTY_BINS,
                         .secret = 1,
                         .slow_left = 1,
                         .state = HEAP_NONE,
                         .quarantine = {[0 ... QUARANTINE_ROWS - 1] = {.out = (struct block **)quarantine_none}}};

/* Ends each half of a row: memory that never looks as the quarantine leaves a block, and of which enough is readable.
 * This is touched anyway. */
_Static_assert(HEAPALLOC_SAFETY < 2 || sizeof heap_none >= CLASS_BYTES_MAX, "malloc looks at all of a block");
struct block *const quarantine_none[1] = {(struct block *)&heap_none};

_Thread_local struct heap *heap_self = &heap_none, *heap_fast = &heap_none;

struct heaps heaps = {.lock = LOCK_OF(RANK_HEAPS)};
uintptr_t heap_secret_word;
uintptr_t hardened_secret;
