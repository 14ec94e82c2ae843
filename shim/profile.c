/* The heap profiler: starts and stops sampling, and locks the profile's tables.
 *
 * One lock, held while the tables are used. Its word names the holder: when a signal handler interrupts it, what the
 * handler allocates is not sampled, and what it frees is noted for the next holder. The same holds for a thread that
 * waits long for a fork, because the fork may wait for a lock that this thread holds. */
/* SPDX-License-Identifier: MIT */
#include "profile.h"
#include "base/probe.h"
#include "events.h"
#include "heap/fast.h"
#include "heap/hardened.h"
#include "heap/world.h"
#include "profile_stack.h"
#include "profile_table.h"
#include "syscall.h"
#include <heapalloc/port.h>

enum { FORKING = 1, FORK_WAITS = 200, LATER_MAX = 256, PAST_MAX = 1024, SPINS = 100 };

uint64_t profile_rate;
static uint64_t rate_of_all;       /* since the first start; weights are computed from it */
static uintptr_t holder;           /* the lock: an address of its holder, with FORKING during its fork; 0: free */
static uintptr_t later[LATER_MAX]; /* freed blocks to remove from the table later */
static bool is_later;              /* there are some */

static uintptr_t self(void) {
    return (uintptr_t)&heap_self;
}

/* Spin first, then give the processor away, then sleep for a millisecond at a time: sched_yield() alone would let a
 * thread with a real-time priority keep the processor from the holder. */
static void wait_a_while(int round, bool forking) {
    static uint32_t nobody_wakes;
    if (round < SPINS) return;
    if (round < 2 * SPINS && !forking)
        syscall_6(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    else
        port_pause(&nobody_wakes, 0);
}

/* Take the lock. False: this thread holds it already, or a fork takes too long. */
static bool enter(void) {
    for (int i = 0, fork_waits = 0;; i += i < 2 * SPINS) {
        uintptr_t seen = 0;
        if (__atomic_compare_exchange_n(&holder, &seen, self(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return true;
        if ((seen & ~(uintptr_t)FORKING) == self()) return false;
        if (seen & FORKING && fork_waits++ >= SPINS + FORK_WAITS) return false;
        wait_a_while(i, seen & FORKING);
    }
}

static void leave(void) {
    __atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
}

/* Note a freed block for the next holder; it is dropped when there is no room. */
static void forget_later(const void *p) {
    for (int i = 0; i < LATER_MAX; i++) {
        uintptr_t none = 0;
        if (!__atomic_compare_exchange_n(&later[i], &none, (uintptr_t)p, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&is_later, true, __ATOMIC_RELEASE);
        return;
    }
}

/* Remove a freed block, and tell tracers. False: it is not known. */
static bool forget(const void *p) {
    bool known = profile_remove(p, rate_of_all);
    if (known) DTRACE_PROBE1(otel_memory, free, p);
    return known;
}

/* Remove the noted blocks. Every holder does this first, because their addresses may belong to new blocks by now. */
static void forget_noted(void) {
    if (likely(!__atomic_exchange_n(&is_later, false, __ATOMIC_ACQ_REL))) return;
    for (int i = 0; i < LATER_MAX; i++) {
        uintptr_t p = __atomic_exchange_n(&later[i], 0, __ATOMIC_ACQUIRE);
        if (p) forget((const void *)p);
    }
}

/* ---- when a profile is due ---- */

static struct {
    struct profile_when when;
    uint64_t next_16, next_peak_16, next_ms; /* totals, and the clock, at which the next is due */
} due = {{0}, UINT64_MAX, UINT64_MAX, UINT64_MAX};

static uint64_t peak_after(uint64_t live_16) {
    uint64_t more = due.when.peak;
    if (due.when.percent) more = (live_16 >> 16) / 100 * due.when.percent;
    if (due.when.percent && more < PROFILE_PEAK_MIN) more = PROFILE_PEAK_MIN;
    return more ? live_16 + (more << 16) : UINT64_MAX;
}

COLD void profile_write_when(struct profile_when when) {
    if (!enter()) return;
    struct profile_totals now = profile_totals();
    due.when = when;
    due.next_16 = when.every ? now.taken_16 + (when.every << 16) : UINT64_MAX;
    due.next_peak_16 = peak_after(now.live_16);
    due.next_ms = when.interval_ms ? port_now_ms() + when.interval_ms : UINT64_MAX;
    leave();
}

/* Add the event when a profile is due; it is written where no lock is held. */
static void look_at_totals(void) {
    struct profile_totals now = profile_totals();
    bool much = now.taken_16 >= due.next_16, peak = now.live_16 >= due.next_peak_16;
    bool late = due.next_ms != UINT64_MAX && port_now_ms() >= due.next_ms;
    if (likely(!much && !peak && !late)) return;
    if (due.when.every) due.next_16 = now.taken_16 + (due.when.every << 16);
    if (peak) due.next_peak_16 = peak_after(now.live_16);
    if (late) due.next_ms = port_now_ms() + due.when.interval_ms;
    event_add(EVENT_PROFILE_WRITE);
}

/* ---- the core's hooks ---- */

static bool taken(void *p, size_t size) {
    struct sample *sample = &heap_self->sample;
    uintptr_t pcs[PROFILE_FRAMES_MAX];
    if (hardened()) size -= size > CANARY_BYTES ? CANARY_BYTES : size - 1;
    sample->at_work = true;
    size_t depth = profile_stack(pcs, PROFILE_FRAMES_MAX, sample);
    bool known = enter();
    if (known) {
        forget_noted();
        known = profile_add(p, size, pcs, depth, rate_of_all);
        if (known) DTRACE_PROBE3(otel_memory, alloc, p, size, profile_weight(size, rate_of_all));
        look_at_totals();
        leave();
    }
    sample->at_work = false;
    return known;
}

/* The blocks that were freed last, and by whom: for the message about a misuse of one after that. */
static struct { uintptr_t p, allocated_by, freed_by; } past[PAST_MAX];
static uint32_t past_count;

static void note_past(const void *p) {
    size_t size;
    const struct profile_place *place = profile_find(p, &size);
    uintptr_t pc = 0;
    if (!place) return;
    if (heap_self->state == HEAP_LIVE) profile_stack(&pc, 1, &heap_self->sample);
    uint32_t at = past_count++ % PAST_MAX;
    past[at].p = (uintptr_t)p;
    past[at].allocated_by = place->depth > 0 ? place->pcs[0] : 0;
    past[at].freed_by = pc;
}

static bool freed(const void *p) {
    if (!enter()) return forget_later(p), true;
    forget_noted();
    if (rate_of_all == 1) note_past(p); /* at other rates it may be reused without being sampled */
    bool known = forget(p);
    leave();
    return known;
}

COLD bool profile_about(const void *p, uintptr_t *allocated_by, uintptr_t *freed_by) {
    size_t size;
    const struct profile_place *place = NULL;
    *allocated_by = *freed_by = 0;
    if (!profile_samples_each() || !enter()) return false;
    place = profile_find(p, &size);
    if (place && place->depth > 0) *allocated_by = place->pcs[0];
    for (uint32_t i = past_count; !place && i > 0 && past_count - i < PAST_MAX; i--) {
        if (past[(i - 1) % PAST_MAX].p != (uintptr_t)p) continue;
        *allocated_by = past[(i - 1) % PAST_MAX].allocated_by;
        *freed_by = past[(i - 1) % PAST_MAX].freed_by;
        break;
    }
    leave();
    return *allocated_by != 0;
}

static bool know_one(const char *from, size_t step, uint32_t count) {
    if (rate_of_all == 1 || !enter()) return true;
    bool known = profile_knows_near(from);
    leave();
    (void)step, (void)count;
    return known;
}

COLD void profile_settle(void) {
    if (!enter()) return;
    forget_noted();
    leave();
}

/* ---- start and stop ---- */

void profile_join(void) {
    struct heap *heap = heap_self;
    uint64_t rate = __atomic_load_n(&profile_rate, __ATOMIC_RELAXED);
    if (heap->state != HEAP_LIVE || heap->sample.rate == rate || heap->sample.at_work) return;
    if (rate == 0)
        sample_end(heap);
    else if (!sample_begin(heap, rate, port_random() + (uintptr_t)heap + port_now_ms()))
        __atomic_store_n(&profile_rate, 0, __ATOMIC_RELAXED);
}

/* Other threads that have a heap sample from their next slow path on. The first rate is kept while there are samples,
 * because their weights depend on it. */
COLD bool profile_begin(uint64_t rate) {
    static const struct sample_hooks hooks = {taken, freed, know_one};
    if (!config_safety || config_valgrind) return false;
    if (rate_of_all == 0 || !profile_places()) rate_of_all = rate;
    __atomic_store_n(&sample_hooks, &hooks, __ATOMIC_RELEASE);
    __atomic_store_n(&profile_rate, rate_of_all, __ATOMIC_RELAXED);
    event_add(EVENT_PROFILE);
    profile_join();
    return true;
}

COLD void profile_end(void) {
    __atomic_store_n(&profile_rate, 0, __ATOMIC_RELAXED);
    profile_join();
}

uint64_t profile_samples_each(void) {
    return rate_of_all;
}

/* ---- forks ---- */

/* Hold the lock over the fork, unless a signal handler forks while its thread holds it; that one keeps it in both. */
void profile_fork(void) {
    if (likely(!rate_of_all)) return;
    if (enter()) __atomic_store_n(&holder, self() | FORKING, __ATOMIC_RELAXED);
}

void profile_forked(void) {
    if (__atomic_load_n(&holder, __ATOMIC_RELAXED) == (self() | FORKING)) leave();
}
