/* The heap profiler: starts and stops sampling, and enters what is sampled into the tables. */
/* SPDX-License-Identifier: MIT */
#include "profile.h"
#include "base/probe.h"
#include "events.h"
#include "heap/free.h"
#include "heap/hardened.h"
#include "heap/world.h"
#include "profile_due.h"
#include "profile_filter.h"
#include "profile_lock.h"
#include "profile_past.h"
#include "profile_stack.h"
#include "profile_table.h"
#include "shim.h"
#include <heapalloc/port.h>

enum { LATER_MAX = 256, APART_RATE_MIN = 256 << 10, APART_BYTES_MAX = 512 };

STARTUP_DATA uint64_t profile_rate = 0;
static uint64_t rate_of_all;       /* since the first start; weights are computed from it */
static uintptr_t later[LATER_MAX]; /* freed blocks to remove from the table later */
static bool is_later;              /* there are some */

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

/* ---- the core's hooks ---- */

static bool taken(void *p, size_t size) {
    struct sample *sample = &heap_self->sample;
    uintptr_t pcs[PROFILE_FRAMES_MAX];
    if (hardened()) size -= size > CANARY_BYTES ? CANARY_BYTES : size - 1;
    sample->at_work = true;
    size_t depth = profile_stack(pcs, PROFILE_FRAMES_MAX, sample);
    bool known = profile_lock();
    if (known) {
        forget_noted();
        known = profile_add(p, size, pcs, depth, rate_of_all);
        if (known) DTRACE_PROBE3(otel_memory, alloc, p, size, profile_weight(size, rate_of_all));
        profile_due_look();
        profile_unlock();
    }
    sample->at_work = false;
    return known;
}

static bool freed(const void *p) {
    if (likely(!profile_may_know(p))) return false; /* another one of its slab is known */
    if (!profile_lock()) return forget_later(p), true;
    forget_noted();
    if (rate_of_all == 1) profile_past_note(p); /* at other rates it may be reused without being sampled */
    bool known = forget(p);
    profile_unlock();
    return known;
}

static enum sample_known known(const void *p) {
    if (!profile_may_know_near(p)) return SAMPLE_NONE;
    return profile_may_know(p) ? SAMPLE_THIS : SAMPLE_OTHERS;
}

/* Let a sampled small block be one of level 2, which has its own mark: in a slab its neighbours' frees would be slow,
 * some hundred for each sample. Only where that is little memory: 4.5 KiB in APART_RATE_MIN bytes or more. */
static void *apart(void *p, size_t size) {
    struct heap *heap = heap_self;
    if (rate_of_all < APART_RATE_MIN || size > APART_BYTES_MAX) return p;
    heap->sample.holds = true;
    void *alone = heap_alloc_plain(CLASS_BYTES_MAX + 1, heap);
    heap->sample.holds = false;
    if (!alone) return p;
    free_live(p, heap);
    return alone;
}

COLD void profile_settle(void) {
    if (!profile_lock()) return;
    forget_noted();
    profile_unlock();
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
    static const struct sample_hooks hooks = {taken, freed, known, NULL, apart};
    if (!config_safety || config_valgrind) return false;
    if (rate_of_all == 0 || !profile_places()) rate_of_all = rate;
    __atomic_store_n(&sample_hooks, &hooks, __ATOMIC_RELEASE);
    __atomic_store_n(&profile_rate, rate_of_all, __ATOMIC_RELAXED);
    event_add(EVENT_PROFILE);
    profile_join();
    return true;
}

COLD bool profile_lend(const struct sample_hooks *hooks, uint64_t rate) {
    if (!config_safety || config_valgrind || rate_of_all) return false;
    __atomic_store_n(&sample_hooks, hooks, __ATOMIC_RELEASE);
    __atomic_store_n(&profile_rate, rate, __ATOMIC_RELAXED);
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

void profile_fork(void) {
    if (unlikely(rate_of_all)) profile_lock_for_fork();
}

void profile_forked(void) {
    profile_unlock_after_fork();
}
