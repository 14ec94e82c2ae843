/* Telling other threads that memory waits to be purged. */
/* SPDX-License-Identifier: MIT */
#include "heap/alert.h"
#include "span/purge.h"

bool alert_is_due(uint32_t much_units) {
    return load_relaxed(heaps.ended_units) > much_units || pace_is_much_dirty(much_units);
}

/* Under the heaps lock, so that a thread that ends can wait for the store. */
static void alert(struct heap *heap) {
    debug_check(lock_is_mine(&heaps.lock));
    struct heap **place = load_relaxed(heap->alert_place) ? swap_value(heap->alert_place, NULL) : NULL;
    if (place) store_release(*place, &heap_none);
}

void alert_others(const struct heap *self) {
    debug_check(!lock_is_mine(&heaps.lock));
    if (config_bounded || load_relaxed(heaps.live) < 2 || purge_decay_ms == PURGE_NEVER) return;
    if (swap_value(heaps.alerted, true)) return;
    if (!lock_take(&heaps.lock)) {
        store_relaxed(heaps.alerted, false); /* a fork is under way */
        return;
    }
    for (struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all)
        if (heap != self && load_relaxed(heap->state) == HEAP_LIVE) alert(heap);
    lock_give(&heaps.lock);
}

bool alert_end(void) {
    return !load_relaxed(heaps.alerted) || !swap_value(heaps.alerted, false) || !alert_is_due(PACE_PENDING_UNITS);
}

void alert_ended(uint32_t units, uint32_t now_ms) {
    store_relaxed(heaps.ended_ms, now_ms);
    __atomic_fetch_add(&heaps.ended_units, units, __ATOMIC_RELAXED);
}

void alert_tidied(uint32_t now_ms) {
    if (load_relaxed(heaps.ended_units) > 0 && now_ms - load_relaxed(heaps.ended_ms) > purge_decay_ms)
        store_relaxed(heaps.ended_units, 0);
}

/* The next slow path looks at the clock, and the next call that a cache could serve is one. */
static void look_now(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    heap->slow_left = heap->sample.pace = 0;
    heap->hits_left = 1;
}

STARTUP_TEXT void alert_listen(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE && heap == heap_self);
    store_relaxed(heap_fast, heap);
    swap_value(heap->alert_place, &heap_fast); /* before `alerted` is read */
    if (load_relaxed(heaps.alerted)) look_now(heap);
}

void alert_hear(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE && heap == heap_self);
    alert_listen(heap);
    look_now(heap);
}

void alert_leave(struct heap *heap) {
    debug_check(heap->state == HEAP_LIVE);
    if (!swap_value(heap->alert_place, NULL) && lock_take(&heaps.lock)) lock_give(&heaps.lock);
}
