/* Level 1's state: its lock, its sums, its three indexes of free extents.
 *
 * Dirty free extents (written since the world gave them) and clean ones (known to be zero, no memory behind them)
 * are kept in two indexes and never merged with each other: dirty ones are handed out first, because reusing them
 * costs no page fault and raises no peak; clean ones cost nothing while they wait. Memory that was never handed out
 * lies above the tip's top and is touched last. Dirty extents age in a list; span/purge.h purges the old ones. Clean
 * memory beyond a bound is unmapped (span/unmapped.h): a third index. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "span/span.h"

enum { DECAY_QUARTERS = 4 };

struct units {
    struct lock lock;
    uint32_t used_units;                      /* handed out under the lock, less what came back (modulo 2^32) */
    uint32_t emergency_units;                 /* handed out without it (span/emergency.h); atomic */
    uint32_t dirty_units;                     /* free, in dirty */
    uint32_t clean_units;                     /* free, in clean */
    uint32_t unmapped_units;                  /* free, in unmapped */
    uint32_t unmapped_extents;                /* the number of extents in unmapped */
    uint32_t moved_extents;                   /* with UNIT_MOVED; atomic */
    uint32_t now_ms;                          /* the time of the latest tick: stamps what becomes free */
    uint32_t quarter;                         /* the same in quarters of the decay time */
    uint32_t least_dirty[DECAY_QUARTERS + 1]; /* least dirty_units in this quarter, in the one before, ... */
    uint32_t surplus_units;                   /* of dirty_units, not needed for a decay time: to be purged */
    struct unit *oldest;                      /* dirty extents by age */
    struct unit *newest;
    struct unit *deferred; /* heads given while the lock was taken; linked by next, atomic */
    struct span *tip; /* its top is where new units are taken from; changed under grow.h's gate, too; NULL: none yet */
    struct tlsf dirty;
    struct tlsf clean;
    struct tlsf unmapped;
};

/* lock: itself
 *   used + emergency + dirty + clean + unmapped == sum of the spans' top_units;
 *   least_dirty[0] <= dirty, but in the bounded build                    verify: unit_sum
 *   unmapped_extents, moved_extents: the extents with such a flag            verify: unmapped
 *   oldest..newest: the free extents with UNIT_AGED, all dirty           verify: ages */
extern struct units units __attribute__((visibility("hidden")));
