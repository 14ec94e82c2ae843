/* The tick: what is done now and then.
 *
 * The core has no background thread (fork, seccomp and the loader make one a hazard): the slow paths of running threads
 * do the purging, a bounded step at a time. While memory waits to be purged they look at the clock more often, because
 * a program that has just freed its peak may take very few of them: at every fourth while none of it is old enough, at
 * every one from then on. */
/* SPDX-License-Identifier: MIT */
#include "heap/tick.h"
#include "base/probe.h"
#include "heap/alert.h"
#include "heap/cache.h"
#include "heap/clock.h"
#include "heap/flush.h"
#include "heap/idle_slabs.h"
#include "heap/recover_sweep.h"
#include "heap/sample.h"
#include "heap/steal.h"
#include "slab/purged_pages.h"
#include "span/huge.h"
#include "span/medium_purge.h"
#include "span/purge.h"
#include <heapalloc/port.h>

/* Give back what has no age of its own and may have been free for a decay time: bins, cache, level 2. False: level 2
 * has more. */
static bool let_go(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE && !lock_is_mine(&medium.lock));
    heap_flush_bins(heap);
    cache_flush(heap);
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) idle_slabs_current(heap, class);
    return medium_purge(pace_granules_kept(), TICK_BLOCKS);
}

/* Begin a new quarter of the decay time for this heap: what is old goes to level 1, and counts as old there. False:
 * there is more. */
static bool turn(struct heap *heap, uint64_t now_ms) {
    debug_check(purge_decay_ms != PURGE_NEVER && now_ms >= heap->tick_ms);
    uint64_t passed = now_ms - heap->tick_ms;
    uint8_t age = passed >= (uint64_t)LONG_AGO_DECAYS * purge_decay_ms ? PURGED_QUARTER : PURGED_DECAY;
    store_relaxed(units.now_ms, (uint32_t)now_ms - purge_decay_ms - 1);
    bool done = idle_slabs_abandoned(age, idle_slabs_partial(heap, age, TICK_SLABS)) > 0;
    steal_idle(heap, (uint32_t)now_ms, (uint32_t)(now_ms * DECAY_QUARTERS / purge_decay_ms));
    if (passed >= purge_decay_ms) {
        done &= let_go(heap);
        if (done) heap->tick_ms = now_ms;
        if (done) alert_tidied((uint32_t)now_ms);
    }
    store_relaxed(units.now_ms, (uint32_t)now_ms);
    return done;
}

/* Look at the clock after so few slow paths from now on, as much waits to be purged. */
static void look_often(struct heap *heap, int32_t slow_paths) {
    debug_check(purge_decay_ms != PURGE_NEVER);
    if (!heap->purge_pending) alert_others(heap);
    heap->purge_pending = true;
    heap->returns = RETURNS_PURGING;
    if (heap->hits_left > RETURNS_PURGING) heap->hits_left = RETURNS_PURGING;
    heap->slow_left = slow_paths;
}

static void look_seldom(struct heap *heap) {
    heap->purge_pending = false;
    heap->returns = RETURNS_MAX;
}

/* Purge what is old at level 1, and the surplus; returns how many units that were. */
static uint32_t purge_step(uint32_t now_ms, uint32_t quarter) {
    uint32_t purged = purge_before(now_ms - purge_decay_ms, TICK_EXTENTS);
    return purged + purge_surplus(quarter, TICK_EXTENTS);
}

/* Note the clock's reading, and push a clock that stands still, which would keep everything for ever. */
static void note_time(struct heap *heap, uint32_t now_ms) {
    debug_check(purge_decay_ms != PURGE_NEVER);
    heap->still_ticks = heap->seen_ms == now_ms ? heap->still_ticks + 1 : 0;
    store_relaxed(heap->seen_ms, now_ms);
    if (unlikely(heap->still_ticks == STILL_TICKS_MAX)) clock_push(purge_decay_ms / DECAY_QUARTERS);
}

/* True when this heap has looked in this very millisecond, level 1 had nothing old enough, and the heap already knows
 * whether much waits: only the clock can change that. */
INLINE bool has_just_looked(const struct heap *heap, uint32_t now_ms) {
    return heap->idle_ms == now_ms && heap->seen_ms == now_ms &&
           (heap->purge_pending || !alert_is_due(PACE_PENDING_UNITS));
}

STARTUP_TEXT static void tick_now(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    heap->slow_left = PACE_SLOW_PATHS; /* first: the clock may be somebody's wrapper that allocates */
    if (unlikely(load_relaxed(heaps.left_by_fork) > 0)) recover_sweep_step(heap);
    if (config_bounded || purge_decay_ms == PURGE_NEVER) return;
    uint64_t now = clock_now_ms();
    if (likely(has_just_looked(heap, (uint32_t)now))) {
        if (heap->purge_pending) heap->slow_left = PACE_SLOW_PATHS_PURGING;
        note_time(heap, (uint32_t)now);
        return purge_excess(DIRTY_TICK_UNITS);
    }
    uint32_t quarter = (uint32_t)(now * DECAY_QUARTERS / purge_decay_ms);
    PROBE_1(tick, now);
    store_relaxed(purged_now, (uint8_t)(quarter << PURGED_SINCE_SHIFT));
    store_relaxed(units.now_ms, (uint32_t)now);
    note_time(heap, (uint32_t)now);
    if (unlikely(load_relaxed(heap->stolen) > 0)) cache_flush(heap);
    bool turns = heap->quarter != quarter, idle = !turns && heap->idle_ms == (uint32_t)now;
    if (turns) cache_share(heap);
    if (turns && turn(heap, now)) heap->quarter = quarter;
    bool looks = !idle && load_relaxed(units.dirty_units) > 0;
    if ((!looks || purge_step((uint32_t)now, quarter) == 0) && !turns) heap->idle_ms = (uint32_t)now;
    bool pending = heap->quarter != quarter ||
                   alert_is_due(heap->purge_pending ? PACE_PENDING_UNITS / 2 : PACE_PENDING_UNITS) || !alert_end();
    bool flushes = pending && (turns || !heap->purge_pending);
    if (pending)
        look_often(heap, idle ? PACE_SLOW_PATHS_PURGING : 1);
    else
        look_seldom(heap);
    if (flushes) heap_flush_bins(heap);                /* so that there will be slow paths */
    if (heap->quarter != quarter) heap->hits_left = 1; /* likewise: there is more to tidy */
    purge_excess(DIRTY_TICK_UNITS);
    huge_step(quarter);
}

STARTUP_TEXT void heap_tick(struct heap *heap) {
    tick_now(heap);
    if (unlikely(heap->sample.rate)) sample_ticked(heap);
}

STARTUP_TEXT void heap_tick_due(struct heap *heap) {
    if (likely(!heap->sample.rate) || sample_ticks(heap)) heap_tick(heap);
}

STARTUP_TEXT void *heap_tick_passing(struct heap *heap, void *p) {
    heap_tick_due(heap);
    return p;
}
