/* Guard slots: blocks between pages that nobody can touch.
 *
 *   | no access | slot 0 | no access | slot 1 | no access | ...      a page each
 *
 * A block ends where its page ends, or, every fourth time, begins where its page begins; the rest of the page has a
 * pattern, which is checked when the block is freed. Then the page cannot be touched until the slot is used again, as
 * late as the number of slots allows. Slots change by compare-and-swap, so no lock is held over a fork: a slot that
 * another thread was changing at that moment is lost to the child. Source: GWP-ASan. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "guard_slots.h"
#include "heap/free.h"
#include "heap/hardened.h"
#include "profile.h"
#include "profile_stack.h"
#include "sandbox.h"
#include "syscall.h"
#include <heapalloc/port.h>
#include <sys/mman.h>

enum { SLOTS = 64, PATTERN = 0xa6, LEFT_EACH = 4, PAGES = 2 * SLOTS + 1 };

enum guard_state { GUARD_EMPTY, GUARD_CHANGING, GUARD_USED, GUARD_FREED };

static struct guard_slot {
    uint32_t state;
    uint32_t bytes;
    char *block;
    struct guard_stack allocated, freed;
} slots[SLOTS];

static uint32_t turns; /* slots taken so far: the next one is tried first */

static size_t page_bytes(void) {
    return guard_region.bytes / PAGES;
}

static char *page_of(const struct guard_slot *slot) {
    return (char *)(uintptr_t)guard_region.from + (2 * (size_t)(slot - slots) + 1) * page_bytes();
}

/* The slot whose page `p` lies in; of the page between two slots, the one that `p` is nearer to. */
static struct guard_slot *guard_slot_of(const void *p) {
    size_t offset = (size_t)((const char *)p - guard_region.from), half = page_bytes() / 2;
    size_t index = offset < half ? 0 : (offset - half) / (2 * page_bytes());
    return &slots[index < SLOTS ? index : SLOTS - 1];
}

static bool guard_change(struct guard_slot *slot, uint32_t from, uint32_t to) {
    return __atomic_compare_exchange_n(&slot->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void set_state(struct guard_slot *slot, uint32_t state) {
    __atomic_store_n(&slot->state, state, __ATOMIC_RELEASE);
}

static bool guard_protect(const struct guard_slot *slot, int access) {
    return !syscall_failed(syscall_6(SYS_mprotect, (long)page_of(slot), (long)page_bytes(), access, 0, 0, 0));
}

static void note_stack(struct guard_stack *stack) {
    struct sample nowhere = {0}, *sample = heap_self->state == HEAP_LIVE ? &heap_self->sample : &nowhere;
    stack->thread = (uint32_t)syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0);
    stack->count = (uint32_t)profile_stack(stack->pcs, GUARD_FRAMES_MAX, sample);
}

/* The slot that was freed longest ago, made CHANGING; NULL: all are used. */
static struct guard_slot *take_slot(void) {
    uint32_t turn = __atomic_fetch_add(&turns, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct guard_slot *slot = &slots[(turn + i) % SLOTS];
        if (guard_change(slot, GUARD_EMPTY, GUARD_CHANGING) || guard_change(slot, GUARD_FREED, GUARD_CHANGING))
            return slot;
    }
    return NULL;
}

static void guard_fill(char *from, const char *to) {
    while (from < to) *from++ = (char)PATTERN;
}

static void *guard_take(size_t bytes) {
    if (bytes > GUARD_BYTES_MAX || sandboxed()) return NULL;
    if (hardened()) bytes = round_up(bytes, BLOCK_ALIGN_BYTES); /* the canary is at its end */
    struct guard_slot *slot = take_slot();
    if (!slot) return NULL;
    if (!guard_protect(slot, PROT_READ | PROT_WRITE)) return set_state(slot, GUARD_EMPTY), NULL;
    char *page = page_of(slot), *end = page + page_bytes();
    bool left = __atomic_load_n(&turns, __ATOMIC_RELAXED) % LEFT_EACH == 0;
    slot->bytes = bytes > 0 ? (uint32_t)bytes : 1;
    slot->block = left ? page : end - round_up(slot->bytes, BLOCK_ALIGN_BYTES);
    slot->freed.count = slot->freed.thread = 0;
    guard_fill(page, slot->block);
    guard_fill(slot->block + slot->bytes, end);
    note_stack(&slot->allocated);
    set_state(slot, GUARD_USED);
    return slot->block;
}

static size_t bytes_at(const void *p) {
    const struct guard_slot *slot = guard_slot_of(p);
    return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == GUARD_USED && p == slot->block ? slot->bytes : 0;
}

static bool is_filled(const char *from, const char *to) {
    while (from < to && *from == (char)PATTERN) from++;
    return from == to;
}

static size_t guard_check(const char *function, const void *p) {
    const struct guard_slot *slot = guard_slot_of(p);
    uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
    if (state != GUARD_EMPTY && slot->block == p && state != GUARD_USED) check_already_free(function, p);
    if (state == GUARD_USED && (const char *)p > slot->block && (const char *)p < slot->block + slot->bytes)
        check_interior(function, p, slot->block, slot->bytes);
    if (state != GUARD_USED || slot->block != p) check_misuse(function, p, "is not ours");
    const char *page = page_of(slot);
    if (!is_filled(page, slot->block)) check_misuse(function, p, "was written to before its start");
    if (!is_filled(slot->block + slot->bytes, page + page_bytes()))
        check_misuse(function, p, "was written to beyond its end");
    return slot->bytes;
}

/* The page loses its memory and its access; where neither can be had, the slot is never used again. */
static void guard_give(void *p) {
    struct guard_slot *slot = guard_slot_of(p);
    if (!guard_change(slot, GUARD_USED, GUARD_CHANGING)) check_already_free("free", p);
    slot->freed.count = 0;
    if (!sandboxed()) note_stack(&slot->freed);
    bool gone =
        !syscall_failed(syscall_6(SYS_madvise, (long)page_of(slot), (long)page_bytes(), MADV_DONTNEED, 0, 0, 0));
    if (guard_protect(slot, PROT_NONE) && gone) set_state(slot, GUARD_FREED);
}

static bool guard_walk_slots(struct guard_walk *walk) {
    while (walk->next < SLOTS) {
        const struct guard_slot *slot = &slots[walk->next++];
        if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != GUARD_USED) continue;
        walk->memory = slot->block;
        walk->bytes = slot->bytes;
        walk->used = true;
        return true;
    }
    return false;
}

/* Called when a block was chosen: it goes back, and the caller gets one in a slot. */
static void *guard_serve(void *p, size_t size) {
    void *guarded = guard_take(size);
    if (!guarded) return p;
    free_live(p, heap_self);
    return guarded;
}

static bool knows_none(const void *p) {
    (void)p;
    return false;
}
static bool takes_none(void *p, size_t size) {
    return (void)size, knows_none(p);
}
static enum sample_known knows_no_one(const void *p) {
    return (void)p, SAMPLE_NONE;
}

static bool map_slots(void) {
    static const struct guard_hooks hooks = {guard_take, bytes_at, guard_check, guard_give, guard_walk_slots};
    size_t bytes = PAGES * port_page_bytes();
    long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    long at = syscall_6(SYS_mmap, 0, (long)bytes, PROT_NONE, flags, -1, 0);
    if (syscall_failed(at)) return false;
    guard_region.hooks = &hooks;
    guard_region.from = (const char *)at;
    __atomic_store_n(&guard_region.bytes, bytes, __ATOMIC_RELEASE);
    return true;
}

COLD bool guard_begin(uint64_t each) {
    static const struct sample_hooks hooks = {takes_none, knows_none, knows_no_one, guard_serve, NULL};
    if (guard_region.bytes == 0 && (each == 0 || !map_slots())) return false;
    profile_lend(&hooks, each > 1 ? each * SERVED_BYTES : each);
    return true;
}

bool guard_about(const void *p, struct guard_about *about) {
    if (!guard_has(p)) return false;
    const struct guard_slot *slot = guard_slot_of(p);
    uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
    *about = (struct guard_about){0};
    if (state == GUARD_EMPTY) return true;
    *about = (struct guard_about){slot->block, slot->bytes, state == GUARD_USED, slot->allocated, slot->freed};
    return true;
}
