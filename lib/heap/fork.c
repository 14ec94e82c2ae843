/* fork. */
/* SPDX-License-Identifier: MIT */
#include "heap/fork.h"
#include "heap/abandoned.h"
#include "heap/cache.h"
#include "heap/exited_thread.h"
#include "heap/flush.h"
#include "heap/named.h"
#include "heap/recover.h"
#include "heap/recover_sweep.h"
#include "span/emergency.h"
#include "span/emergency_reserve.h"
#include "span/grow.h"
#include "span/units.h"

enum { DRAINS_MAX = 1024 };

static bool frozen;

/* The abandoned lists' locks come between outer and inner. With one heap they need no freezing: nobody else takes them.
 */
static bool abandoned_are_frozen;
static struct lock *const outer[] = {&exited_lock, &heaps.lock}, *const inner[] = {&medium.lock, &grow_gate,
                                                                                   &units.lock};
enum { OUTER_LOCKS = sizeof(outer) / sizeof(outer[0]), INNER_LOCKS = sizeof(inner) / sizeof(inner[0]) };

void fork_prepare(void) {
    lock_fork_begin();
    debug_check(!frozen);
    if (load_relaxed(heaps.threaded)) emergency_open();
    lock_freeze(&named_lock);
    named_freeze();
    for (int i = 0; i < OUTER_LOCKS; i++) lock_freeze(outer[i]);
    abandoned_are_frozen = load_relaxed(heaps.threaded);
    if (abandoned_are_frozen) abandoned_freeze();
    for (int i = 0; i < INNER_LOCKS; i++) lock_freeze(inner[i]);
    frozen = true;
}

/* Thaw all locks. What others freed meanwhile is taken in first, so that the next request finds it. */
static void thaw(enum lock_side side) {
    debug_check(frozen && lock_fork_goes_on());
    frozen = false;
    emergency_close();
    for (int i = INNER_LOCKS; i-- > 0;) lock_thaw(inner[i]);
    if (abandoned_are_frozen) abandoned_thaw();
    for (int i = OUTER_LOCKS; i-- > 0;) lock_thaw(outer[i]);
    named_thaw(side);
    lock_thaw(&named_lock);
    lock_fork_end();
    for (int i = 0; load_relaxed(medium.deferred) && i < DRAINS_MAX && medium_lock(); i++) medium_unlock();
}

void fork_parent(void) {
    if (frozen) thaw(LOCK_IN_PARENT);
}

/* Mark the other threads' heaps as left behind, and count the live ones again: a thread that was just beginning or
 * ending may have changed either the count or its heap's state, but not both. */
static void lose_heaps(void) {
    debug_check(!frozen);
    uint32_t live = 0;
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all) {
        if (heap->state != HEAP_LIVE) continue;
        if (heap == heap_self || exited_owns(heap)) {
            live++;
            continue;
        }
        heap->state = HEAP_LEFT_BY_FORK;
        heap->alert_place = NULL; /* its thread's memory is not here either */
        heaps.left_by_fork++;
        cache_return_grant(heap);
    }
    heaps.live = live;
}

void fork_child(void) {
    if (!frozen) return;
    lock_thaw(&emergency_lock);
    thaw(LOCK_IN_CHILD);
    recover_begin();
    lose_heaps();
    if (heaps.left_by_fork > 0) {
        recover_sweep_begin();
        abandoned_list_pending();
        /* An adopted block has a key, and would count as free in a slab that was left behind. */
        if (heap_self->state == HEAP_LIVE) heap_flush_bins(heap_self);
    }
    named_put_right(); /* last, because it allocates, and so may recover slabs */
}
