/* Level 2: blocks of 1 KiB granules. */
#include "span/medium.h"
#include "base/check.h"
#include "base/memory.h"
#include "span/grow.h"
#include "span/units.h"
#include <heapalloc/port.h>

enum {
    LISTED_MIN = MEDIUM_GRANULES_MIN, /* smaller free blocks fit no request and only wait to be merged */
    RUN_UNITS = 64,                   /* taken from level 1 at a time, or an eighth of what level 2 has */
    RUN_UNITS_FIRST = 16,
    SHED_UNITS_MIN = 16,    /* a give returns runs of at least this */
    KEEP_GRANULES = 1024,   /* and only while this much stays free */
    DEFERRED_MAX = 8,
    FREE_FLAGS = GRANULE_ZERO | GRANULE_PURGED,
};

struct medium medium = {.lock = {LOCK_FREE, RANK_MEDIUM}};

INLINE struct tlsf_node *node_of(struct granule *slot) { return (struct tlsf_node *)(slot + 1); }
INLINE struct granule *slot_of(struct tlsf_node *node) { return (struct granule *)node - 1; }
_Static_assert(sizeof(struct tlsf_node) == 2 * sizeof(struct granule), "a node takes two slots");

INLINE void describe(struct granule *slot, uint32_t count, uint32_t state) {
    store_relaxed(slot->head, count | state);
    slot[count].before = count;
}

/* The index that a listed free block stands in, by its flags. */
INLINE struct tlsf *index_of(uint32_t flags) {
    return flags & (GRANULE_PURGED | GRANULE_ZERO) ? &medium.purged : &medium.dirty;
}

/* Make [slot, slot + count) a free block with `flags` (ZERO, PURGED). */
static void enter(struct granule *slot, uint32_t count, uint32_t flags) {
    describe(slot, count, GRANULE_FREE | flags);
    guarded_add(medium.free_granules, count);
    if (count < LISTED_MIN) return;
    if (index_of(flags) == &medium.dirty) guarded_add(medium.dirty_granules, count);
    tlsf_put(index_of(flags), node_of(slot), count);
}

/* Undo enter(): the block's slots are empty again. */
static void leave(struct granule *slot) {
    uint32_t count = granule_count(slot);
    guarded_add(medium.free_granules, -count);
    if (count >= LISTED_MIN) {
        if (index_of(slot->head) == &medium.dirty) guarded_add(medium.dirty_granules, -count);
        tlsf_drop(index_of(slot->head), node_of(slot), count);
        slot[1] = slot[2] = (struct granule){0, 0};
    }
    slot->head = 0;
}

/* [ left ][ this ][ right ] => [ -- one free block -- ], entered; returns its slot. */
static struct granule *merge(struct granule *slot, uint32_t count, uint32_t flags) {
    struct granule *left = slot - slot->before, *right = slot + count;
    store_relaxed(slot->head, 0);
    if (granule_state(right) == GRANULE_FREE) {
        flags &= right->head;
        count += granule_count(right);
        leave(right);
    }
    if (slot->before != 0 && granule_state(left) == GRANULE_FREE && granule_count(left) == slot->before) {
        flags &= left->head;
        count += granule_count(left);
        leave(left);
        slot = left;
    }
    enter(slot, count, flags & FREE_FLAGS);
    return slot;
}

/* Return the whole units in a free block to level 1 as long as `keep` granules stay free.
 * [ free block ] => [ free ][ units for level 1 ][ free ] */
static struct unit *cut_units(struct granule *slot, uint32_t units_min, uint32_t keep) {
    struct span *span = span_of_slot(slot);
    uint32_t count = granule_count(slot), flags = slot->head & FREE_FLAGS;
    uint32_t first = (uint32_t)(slot - span->slots);
    uint32_t from = (uint32_t)round_up(first, GRANULES_PER_UNIT);
    uint32_t to = (uint32_t)round_down(first + count, GRANULES_PER_UNIT);
    if (to < from + units_min * GRANULES_PER_UNIT || medium.free_granules < keep + (to - from)) return NULL;
    leave(slot);
    if (from > first) enter(slot, from - first, flags);
    if (first + count > to) {
        struct granule *tail = span->slots + to;
        enter(tail, first + count - to, flags);
        tail->before = 0; /* what was to the left is not ours any more */
    }
    struct unit *head = span->lines + from / GRANULES_PER_UNIT;
    uint32_t unit_count = (to - from) / GRANULES_PER_UNIT;
    for (uint32_t i = 0; i < unit_count; i++) racy_store(head[i].kind, UNIT_INSIDE);
    head->memory = span->base + ((size_t)from << GRANULE_SHIFT);
    head->count = unit_count;
    head->flags = flags & GRANULE_ZERO ? UNIT_CLEAN : 0;
    guarded_add(medium.used_units, -unit_count);
    return head;
}

static struct unit *give_locked(struct granule *slot) {
    slot = merge(slot, granule_count(slot), 0);
    if (likely(granule_count(slot) < SHED_UNITS_MIN * GRANULES_PER_UNIT)) return NULL;
    return cut_units(slot, SHED_UNITS_MIN, KEEP_GRANULES);
}

/* Units leave for level 1 only after the lock is given: locks of both levels are never held together. */
static void unlock_and_give(struct unit *leaving) {
    struct unit *more[DEFERRED_MAX];
    int more_count = 0;
    for (int i = 0; i < DEFERRED_MAX; i++) {
        struct granule *slot = load_acquire(medium.deferred);
        if (likely(!slot)) break;
        if (!cas(medium.deferred, &slot, (struct granule *)node_of(slot)->next)) continue;
        slot[1] = slot[2] = (struct granule){0, 0};
        struct unit *unit = give_locked(slot);
        if (unit) more[more_count++] = unit;
    }
    lock_give(&medium.lock);
    if (unlikely(leaving)) units_give(leaving);
    while (unlikely(more_count > 0)) units_give(more[--more_count]);
}

void medium_unlock(void) {
    unlock_and_give(NULL);
}

/* A run of units from level 1, entered as one free block and merged with what it touches. */
static bool fetch_run(uint32_t count) {
    uint32_t need = (count + GRANULES_PER_UNIT - 1) / GRANULES_PER_UNIT;
    uint32_t wish = load_relaxed(medium.used_units) / 8;
    wish = wish < RUN_UNITS_FIRST ? RUN_UNITS_FIRST : wish > RUN_UNITS ? RUN_UNITS : wish;
    struct unit *run = units_take(need > wish ? need : wish, UNIT_MEDIUM);
    if (!run && wish > need) run = units_take(need, UNIT_MEDIUM);
    if (!run) return false;
    uint32_t unit_count = run->count, zero = run->flags & UNIT_CLEAN ? GRANULE_ZERO : 0;
    for (uint32_t i = 0; i < unit_count; i++) {
        run[i].block_bytes = 0;
        run[i].owner = NULL;
        racy_store(run[i].kind, UNIT_MEDIUM);
    }
    if (!lock_take(&medium.lock)) {
        for (uint32_t i = 1; i < unit_count; i++) racy_store(run[i].kind, UNIT_INSIDE);
        units_give(run);
        return false;
    }
    guarded_add(medium.used_units, unit_count);
    struct granule *slot = span_slot(span_of(run->memory), run->memory);
    merge(slot, unit_count * GRANULES_PER_UNIT, zero);
    medium_unlock();
    return true;
}

/* The whole of a free block becomes a used one of `count`, what is too much on its right free again. */
static struct granule *cut(struct granule *slot, uint32_t skip, uint32_t count) {
    uint32_t have = granule_count(slot), flags = slot->head & FREE_FLAGS;
    leave(slot);
    if (skip > 0) enter(slot, skip, flags);
    slot += skip;
    describe(slot, count, GRANULE_USED | (flags & GRANULE_ZERO));
    if (have > skip + count) enter(slot + count, have - skip - count, flags);
    return slot;
}

static struct granule *find_in(const struct tlsf *index, uint32_t count) {
    struct tlsf_node *node = tlsf_at(index, count);
    if (node && granule_count(slot_of(node)) >= count) return slot_of(node);
    node = tlsf_find(index, count);
    return node ? slot_of(node) : NULL;
}

INLINE struct granule *find(uint32_t count) {
    struct granule *slot = find_in(&medium.dirty, count);
    return slot ? slot : find_in(&medium.purged, count);
}

/* Granules to leave out at a free block's start so that what follows is aligned. */
static uint32_t skip_for(const struct granule *slot, uint32_t align_granules) {
    uintptr_t at = (uintptr_t)span_slot_memory(span_of_slot(slot), slot) >> GRANULE_SHIFT;
    return (uint32_t)(round_up(at, align_granules) - at);
}

struct granule *medium_take(uint32_t count, uint32_t align_granules) {
    debug_check(count >= MEDIUM_GRANULES_MIN);
    do {
        if (!lock_take(&medium.lock)) return NULL;
        struct granule *slot = find(count + align_granules - 1);
        if (slot) slot = cut(slot, align_granules == 1 ? 0 : skip_for(slot, align_granules), count);
        medium_unlock();
        if (likely(slot)) return slot;
    } while (fetch_run(count + align_granules - 1));
    return NULL;
}

struct granule *medium_take_roomy(uint32_t count) {
    if (!lock_take(&medium.lock)) return NULL;
    struct tlsf_node *dirty = tlsf_largest(&medium.dirty), *purged = tlsf_largest(&medium.purged);
    struct tlsf_node *node = dirty;
    if (purged && (!dirty || granule_count(slot_of(purged)) > granule_count(slot_of(dirty)))) node = purged;
    struct granule *slot = node && granule_count(slot_of(node)) >= count ? cut(slot_of(node), 0, count) : NULL;
    medium_unlock();
    return slot ? slot : medium_take(count, 1);
}

void medium_give(struct granule *slot) {
    if (!lock_take_soon(&medium.lock)) {
        store_relaxed(slot->head, (slot->head & ~(uint32_t)GRANULE_STATE_MASK) | GRANULE_DEFERRED);
        struct granule *seen = load_relaxed(medium.deferred);
        do node_of(slot)->next = (struct tlsf_node *)seen;
        while (!cas(medium.deferred, &seen, slot));
        return;
    }
    unlock_and_give(give_locked(slot));
}

/* Grow: [ this ][ free ] => [ -- this -- ][ rest ].   Shrink: [ this ] => [ this ][ free, merged to the right ] */
static bool resize_locked(struct granule *slot, uint32_t count) {
    uint32_t have = granule_count(slot), own = slot->head & (GRANULE_STATE_MASK | GRANULE_ZERO);
    struct granule *right = slot + have;
    if (count > have) {
        uint32_t room = granule_state(right) == GRANULE_FREE ? granule_count(right) : 0;
        if (have + room < count) return false;
        uint32_t flags = right->head & FREE_FLAGS;
        leave(right);
        describe(slot, count, own);
        if (have + room > count) enter(slot + count, have + room - count, flags);
        return true;
    }
    describe(slot, count, own);
    struct granule *tail = slot + count;
    describe(tail, have - count, GRANULE_USED);
    merge(tail, have - count, 0);
    return true;
}

bool medium_resize(struct granule *slot, uint32_t count) {
    if (count == granule_count(slot)) return true;
    if (!lock_take(&medium.lock)) return false;
    bool done = resize_locked(slot, count);
    medium_unlock();
    return done;
}

/* Take the pages inside of a block, which is nobody's meanwhile, and give the block back. */
static void purge_block(struct granule *slot) {
    char *memory = span_slot_memory(span_of_slot(slot), slot);
    char *end = memory + ((size_t)granule_count(slot) << GRANULE_SHIFT);
    char *from = (char *)round_up((uintptr_t)memory, port_page_bytes());
    char *to = (char *)round_down((uintptr_t)end, port_page_bytes());
    grow_decline_huge();
    if (from < to) port_purge(from, (size_t)(to - from));
    if (!lock_take(&medium.lock)) {
        medium_give(slot); /* deferred: a fork is under way, and may wait for a lock that our caller holds */
        return;
    }
    /* PURGED also when it could not be: it is not asked again. What others purged meanwhile may complete a unit. */
    unlock_and_give(cut_units(merge(slot, granule_count(slot), GRANULE_PURGED), 1, 0));
}

void medium_purge(uint32_t keep_granules, uint32_t blocks_max) {
    for (uint32_t i = 0; i < blocks_max && lock_take(&medium.lock); i++) {
        struct tlsf_node *node = tlsf_largest(&medium.dirty);
        if (!node || medium.dirty_granules <= keep_granules) {
            medium_unlock();
            return;
        }
        struct granule *slot = slot_of(node);
        struct unit *leaving = cut_units(slot, 1, 0);
        if (!leaving) cut(slot, 0, granule_count(slot));
        unlock_and_give(leaving);
        if (!leaving) purge_block(slot);
    }
}
