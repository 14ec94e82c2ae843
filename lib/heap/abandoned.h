/* Slabs that no heap has, by class: partly used, waiting for a heap that needs blocks of their size.
 *
 * Their thread has ended, or has not needed them for long, or only frees, or has many while another one wants some.
 * Each class has a lock of its own, and takers wait for it: who went without a slab because the lock was just taken
 * would take a new one. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "slab/purged_pages.h"

/* lock: itself
 *   queue: all slabs of its class that say LISTED; .count of them      verify: abandoned */
struct abandoned {
    struct lock lock;
    struct slab_queue queue; /* as they came */
    struct heap *wanting;    /* a heap that took a new slab, because nobody else's was here; atomic */
    struct unit *pending;    /* owned by nobody, put here while a fork had the lock; linked by next, atomic */
} __attribute__((aligned(64)));
extern struct abandoned abandoned[CLASS_COUNT];

/* Put a slab one owns into its list. False: a free came in between, it stays the caller's to collect and to decide
 * about anew. Never waits for a fork: then the slab pending until the next taker comes. */
bool abandoned_put(struct unit *slab);

/* The same for slabs of one class linked by next; what others have freed into them meanwhile goes along. */
void abandoned_put_all(uint32_t class, struct unit *first);

/* Make the slabs of `class` that came last `heap`'s, linked by next: one, or some more while they have but a few
 * blocks. So the first ones have time to become empty. NULL: there is none, or a fork is under way. */
struct unit *abandoned_take(uint32_t class, struct heap *heap);

/* Take and own the one that came first, if it has waited for `age` (slab/purged_pages.h). */
struct unit *abandoned_take_aged(uint32_t class, uint8_t age);

/* Put the pending into their queues. */
void abandoned_list_pending(void);

/* Unlink a slab that a free has just claimed; the caller holds the lock. */
void abandoned_unlink(struct unit *slab);

/* All locks, for a fork. */
void abandoned_freeze(void);
void abandoned_thaw(void);
