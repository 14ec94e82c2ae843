/* Slabs that no heap has, by class: partly used, waiting for a heap that needs blocks of their size.
 *
 * Their thread has ended, or has not needed them for long, or has many while another one wants some. */
#pragma once
#include "base/lock.h"
#include "slab/holes.h"

/* lock: itself
 *   queue[c]: all slabs of class c that say LISTED; .count of them      verify: orphans */
struct orphans {
    struct lock lock;
    struct slab_queue queue[CLASS_COUNT]; /* as they came */
    struct heap *wanting[CLASS_COUNT];    /* a heap that took a new slab of c, because nobody else's was here; atomic */
    struct unit *stray; /* owned by nobody, put here while a fork had the lock; linked by next, atomic */
};
extern struct orphans orphans __attribute__((visibility("hidden")));

/* Put a slab one owns into the list. False: a free came in between, it stays the caller's to collect and to decide
 * about anew. Never waits for a fork: then the slab strays until the next taker comes. */
bool orphans_put(struct unit *slab);

/* Take the slab of `class` that came last and own it; NULL: there is none, or the list is busy. So the first ones have
 * time to become empty. */
struct unit *orphans_take(uint32_t class);

/* The same with the one that came first, if it has waited for `age` (slab/holes.h). */
struct unit *orphans_take_aged(uint32_t class, uint8_t age);

/* Unlink a slab that a free has just claimed; the caller holds the lock. */
void orphans_unlink(struct unit *slab);
