/* The server's sessions: a table of blocks that any thread may put, replace and drop. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The table itself comes from the kernel and is touched at once, so that it is the same for every allocator. */
void store_open(size_t slot_count);

/* Put a new block into the slot that `random` picks, in place of the one that is there. */
void store_replace(uint64_t *random);

/* The same, but only when the slot is empty or, for store_drop, only take a block out. Frees happen in whichever
 * thread picks the slot: most blocks die in another thread than their own. */
void store_add(uint64_t *random);
void store_drop(uint64_t *random);

/* Bytes that were asked for and not freed yet. */
size_t store_live_bytes(void);

/* Bytes of the pages of 4 KiB that hold live blocks: no allocator that leaves blocks where they are can hold less of
 * them. Whoever else uses the store waits meanwhile. */
size_t store_page_bytes(void);

/* A request's own temporary blocks: allocated, written, freed by the same thread. */
void store_request(uint64_t *random);
