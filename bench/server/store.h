/* The server's sessions: a table of blocks that any thread may put, replace and drop. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The table itself comes from the kernel and is touched at once, so that it is the same for every allocator. */
void store_open(size_t slot_count);

/* Put a new block into the slot that `random` picks, replacing the block there. */
void store_replace(uint64_t *random);

/* The same, but only if the slot is empty; store_drop only removes a block. The thread that picks the slot frees the
 * block, so most blocks are freed by another thread than allocated them. */
void store_add(uint64_t *random);
void store_drop(uint64_t *random);

/* Requested bytes that are not freed yet. */
size_t store_live_bytes(void);

/* Bytes of the pages of 4 KiB that contain live blocks: no allocator that does not move blocks can keep fewer resident.
 * Other users of the store wait meanwhile. */
size_t store_page_bytes(void);

/* A request's own temporary blocks: allocated, written, freed by the same thread. */
void store_request(uint64_t *random);
