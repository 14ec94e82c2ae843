/* Slabs that no heap has, by class: partly used, waiting for a heap that needs blocks of their size.
 *
 * Their thread has ended, or has not needed them for long, or only frees, or has many while another thread wants some.
 * Each class has a lock of its own, and takers wait for it: a thread that did not would take a new slab instead. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "slab/purged_pages.h"

/* lock: itself
 *   queue: all slabs of its class that say LISTED; .count of them      verify: abandoned */
struct abandoned {
    struct lock lock;
    struct slab_queue queue; /* FIFO */
    struct heap *wanting;    /* a heap that took a new slab, because there was none here; atomic */
    struct unit *pending;    /* owned by nobody, put here while a fork had the lock; linked by next, atomic */
} __attribute__((aligned(64)));
extern struct abandoned abandoned[CLASS_COUNT];

/* Put an owned slab into its list. False: a free came in between; it stays the caller's, to collect and decide again.
 * Never waits for a fork: during one the slab is pending until the next taker comes. */
bool abandoned_put(struct unit *slab);

/* The same for slabs of one class, linked by next; their remote blocks stay with them. */
void abandoned_put_all(uint32_t class, struct unit *first);

/* Take the slabs of `class` that came last for `heap`, linked by next: one, or some more if they have only a few
 * blocks. So the first ones have time to become empty. NULL: there is none, or a fork is under way. */
struct unit *abandoned_take(uint32_t class, struct heap *heap);

/* Take the one that came first, if it has waited for `age` (slab/purged_pages.h). */
struct unit *abandoned_take_aged(uint32_t class, uint8_t age);

/* Put pending slabs into their queues. */
void abandoned_list_pending(void);

/* Unlink a slab that a free or a taker has just claimed; the caller holds the lock. */
void abandoned_unlink(struct unit *slab);

/* Freeze all locks for a fork; thaw them. */
void abandoned_freeze(void);
void abandoned_thaw(void);
