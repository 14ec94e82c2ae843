/* The heap that a thread begins with, and what all heaps share. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#define EMPTY_BINS \
    { [0 ... CLASS_COUNT - 1] = BLOCK_END }

/* Empty bins, no slabs, a full cache: whatever a thread without a heap does takes the slow path. Its next one would be
 * due, so frees that count one by themselves are not for it. Never written to. */
struct heap heap_none = {.bin = EMPTY_BINS, .secret = 1, .slow_left = 1, .state = HEAP_NONE};

_Thread_local struct heap *heap_self = &heap_none;

struct heaps heaps = {.lock = LOCK_OF(RANK_HEAPS)};
uintptr_t heap_secret_word;
uintptr_t hardened_secret;
