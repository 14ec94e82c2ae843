/* What is done now and then.
 *
 * There is no background thread (fork, seccomp and the loader make one a hazard): the slow paths of whoever is
 * awake do the purging, a bounded step at a time. While memory waits to be purged they look at the clock more often,
 * because a program that has just freed its peak may take very few of them: every fourth while none of it is old
 * enough, every one from then on. */
/* SPDX-License-Identifier: MIT */
#include "heap/tick.h"
#include "heap/abandoned.h"
#include "heap/cache.h"
#include "heap/clock.h"
#include "heap/fork.h"
#include "heap/hardened.h"
#include "heap/steal.h"
#include "span/huge.h"
#include "span/purge.h"
#include <heapalloc/port.h>

enum {
    PURGE_EXTENTS = 256,
    IDLE_SLABS = 256, /* slabs that have waited for long, looked at per tick */
    LONG_AGO = 3,     /* decay times; after so many the quarters that slabs wait are no more told apart */
    PURGE_BLOCKS = 1024,
    KEEP_GRANULES = 128 * 1024 / GRANULE_BYTES,
    WATCH_SLOW_PATHS = 4,
    STILL_TICKS =
        1
        << 16, /* of one thread; no clock stands for so long: that takes a second of work, and clocks move each 10 ms */
    PENDING_UNITS = 128, /* 2 MiB: less is not worth the clock; half of it when it was looked at already */
};

/* Give back the current slab of a class, whose bin is spilled, when all of its blocks are at home. */
static void drop_current(struct heap *heap, uint32_t class) {
    struct unit *slab = heap->current[class];
    if (!slab || heap->attached[class]) return;
    owner_collect(slab, heap->secret);
    if (slab->used_blocks > 0) return;
    heap->current[class] = NULL;
    slab_give(slab, heap->secret);
}

/* Nobody needed this slab for a while, and nobody else looks: take what others have freed into it, and give it back, or
 * its free pages. False: it is given back. */
static bool tidy(struct unit *slab, uintptr_t secret) {
    owner_collect(slab, secret);
    if (slab->used_blocks > 0) {
        if (purge_decay_ms != PURGE_NEVER) purged_make(slab, secret);
        return true;
    }
    slab_give(slab, secret);
    return false;
}

/* Tidy the partial slabs, and the abandoned slabs, of at least `age`, at most `most`. What this heap has not needed for
 * so long goes to the abandoned slabs, for another may lack it; those go to the end of their queue. Returns how many
 * more it could have been. */
static uint32_t tidy_partial(struct heap *heap, uint8_t age, uint32_t most) {
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        const struct unit *last = heap->partial[class].last;
        for (struct unit *slab = NULL; most > 0 && slab != last; most--) {
            slab = heap->partial[class].first;
            if (purged_age(slab) < age) break;
            heap_partial_remove(heap, slab);
            if (!tidy(slab, heap->secret)) continue;
            if (load_relaxed(heaps.threaded))
                heap_disown(slab);
            else
                heap_partial_add(heap, slab);
        }
    }
    return most;
}

static uint32_t tidy_abandoned(uint8_t age, uint32_t most) {
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        const struct unit *last = load_relaxed(abandoned[class].queue.last);
        for (struct unit *slab = NULL; most > 0 && slab != last; most--) {
            slab = abandoned_take_aged(class, age);
            if (!slab) break;
            if (tidy(slab, heap_secret())) heap_disown(slab);
        }
    }
    return most;
}

/* Free and dirty granules that level 2 keeps for its next requests: 1/32 of what it has, and some. */
static uint32_t granules_kept(void) {
    return load_relaxed(medium.used_units) * GRANULES_PER_UNIT / 32 + KEEP_GRANULES;
}

/* What has no time of its own and has lain in the heap for up to a decay time. False: level 2 has more. */
static bool let_go(struct heap *heap) {
    heap_spill(heap);
    cache_flush(heap);
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) drop_current(heap, class);
    return medium_purge(granules_kept(), PURGE_BLOCKS);
}

/* A new quarter of the decay time has begun for this heap: what is old goes down to level 1, as old as it is. False:
 * there is more. */
static bool turn(struct heap *heap, uint64_t now_ms) {
    uint64_t passed = now_ms - heap->tick_ms;
    uint8_t age = passed >= (uint64_t)LONG_AGO * purge_decay_ms ? PURGED_QUARTER : PURGED_DECAY;
    store_relaxed(units.now_ms, (uint32_t)now_ms - purge_decay_ms - 1);
    bool done = tidy_abandoned(age, tidy_partial(heap, age, IDLE_SLABS)) > 0;
    steal_idle(heap, (uint32_t)now_ms, (uint32_t)(now_ms * DECAY_QUARTERS / purge_decay_ms));
    if (passed >= purge_decay_ms) {
        done &= let_go(heap);
        if (done) heap->tick_ms = now_ms;
    }
    store_relaxed(units.now_ms, (uint32_t)now_ms);
    return done;
}

/* Much is dirty: look at the clock more often from now on, and empty the bins now and then, so that there will be slow
 * paths. */
static void watch(struct heap *heap, bool idle, bool turns) {
    bool spills = turns || !heap->purge_pending;
    heap->purge_pending = true;
    heap->returns = RETURNS_PURGING;
    if (heap->hits_left > RETURNS_PURGING) heap->hits_left = RETURNS_PURGING;
    if (spills) heap_spill(heap);
    heap->slow_left = idle ? WATCH_SLOW_PATHS : 1;
}

static void watch_no_more(struct heap *heap) {
    heap->purge_pending = false;
    heap->returns = RETURNS_MAX;
}

/* More than `much_units` are free and dirty, beyond what level 2 keeps. */
static STARTUP_TEXT bool is_much_dirty(uint32_t much_units) {
    uint32_t dirty = load_relaxed(medium.dirty_granules), kept = granules_kept();
    uint32_t surplus = dirty > kept ? dirty - kept : 0;
    return load_relaxed(units.dirty_units) + surplus / GRANULES_PER_UNIT > much_units;
}

void heap_count_given(struct heap *heap) {
    if (purge_decay_ms != PURGE_NEVER && heap->slow_left > WATCH_SLOW_PATHS && is_much_dirty(PENDING_UNITS))
        heap->slow_left = WATCH_SLOW_PATHS;
    heap_count_slow(heap);
}

/* What is old at level 1, and what is too much; returns how many units that were. */
static uint32_t purge_step(uint32_t now_ms, uint32_t quarter) {
    uint32_t purged = purge_before(now_ms - purge_decay_ms, PURGE_EXTENTS);
    return purged + purge_surplus(quarter, PURGE_EXTENTS);
}

/* A clock that stands still would keep everything for ever. */
static void note_time(struct heap *heap, uint32_t now_ms) {
    heap->still_ticks = heap->seen_ms == now_ms ? heap->still_ticks + 1 : 0;
    racy_store(heap->seen_ms, now_ms);
    if (unlikely(heap->still_ticks == STILL_TICKS)) clock_push(purge_decay_ms / DECAY_QUARTERS);
}

STARTUP_TEXT void heap_tick(struct heap *heap) {
    heap->slow_left = TICK_SLOW_PATHS; /* first: the clock may be somebody's wrapper that allocates */
    if (unlikely(load_relaxed(heaps.left_by_fork) > 0)) fork_salvage_some(heap);
    if (purge_decay_ms == PURGE_NEVER) return;
    uint64_t now = clock_now_ms();
    uint32_t quarter = (uint32_t)(now * DECAY_QUARTERS / purge_decay_ms);
    store_relaxed(purged_now, (uint8_t)(quarter << PURGED_SINCE_SHIFT));
    store_relaxed(units.now_ms, (uint32_t)now);
    note_time(heap, (uint32_t)now);
    if (unlikely(load_relaxed(heap->stolen) > 0)) cache_flush(heap);
    bool turns = heap->quarter != quarter, idle = !turns && heap->idle_ms == (uint32_t)now;
    if (turns) cache_share(heap);
    if (turns && turn(heap, now)) heap->quarter = quarter;
    if (!idle && load_relaxed(units.dirty_units) > 0 && purge_step((uint32_t)now, quarter) == 0 && !turns)
        heap->idle_ms = (uint32_t)now;
    if (heap->quarter != quarter || is_much_dirty(heap->purge_pending ? PENDING_UNITS / 2 : PENDING_UNITS))
        watch(heap, idle, turns);
    else
        watch_no_more(heap);
    huge_step(quarter);
}

bool heap_trim(struct heap *heap) {
    uint32_t now = (uint32_t)clock_now_ms();
    store_relaxed(units.now_ms, now);
    if (heap) {
        hardened_flush(heap);
        heap_spill(heap);
        heap_flush(heap);
        for (uint32_t class = 1; class < CLASS_COUNT; class ++) drop_current(heap, class);
        tidy_partial(heap, 0, UINT32_MAX);
    }
    steal_all(heap);
    tidy_abandoned(0, load_relaxed(units.used_units));
    medium_purge(0, UINT32_MAX);
    return purge_before(now + 1, UINT32_MAX) > 0;
}
