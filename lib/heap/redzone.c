/* Red zones: words before and behind a block that the program must not write to. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone.h"
#include "base/check.h"
#include "heap/sample.h"
#include "span/units.h"

enum {
    END_BYTES = REDZONE_HEAD_BYTES,
    FILL_BYTES = REDZONE_FILL_BYTES,
    ALIGN_BYTES = REDZONE_ALIGN_BYTES,
    REGION_UNITS = 8,
    NATURAL_BYTES_MAX = CLASS_BYTES_MAX, /* powers of two up to this lie at a multiple of themselves, as in slabs */
};

uint32_t redzone_firsts;
struct redzone_region redzone_region;

INLINE uint64_t hash_of(const void *p, uint64_t bytes) {
    return redzone_hash((uintptr_t)p, bytes, heap_secret());
}

/* What glibc's malloc lets a program use of a request: its heads of 8 bytes lie at multiples of 16. */
INLINE size_t redzone_usable(size_t size) {
    size_t bytes = round_up(size + 8, ALIGN_BYTES) - 8;
    return bytes < 24 ? 24 : bytes;
}

static struct redzone_end *head_of(const void *p) {
    return (struct redzone_end *)((uintptr_t)p - END_BYTES);
}

INLINE bool in_region(const char *p) {
    return (size_t)(p - redzone_region.from) < redzone_region.bytes;
}

/* At what multiples a block of `size` bytes lies. */
INLINE size_t align_of(size_t size) {
    return size > ALIGN_BYTES && size <= NATURAL_BYTES_MAX && is_power_of_two(size) ? size : ALIGN_BYTES;
}

/* The slot of the block of level 2 that `p` lies in, if it begins at most NATURAL_BYTES_MAX before; else any. */
static STARTUP_TEXT struct granule *slot_around(const char *p) {
    const struct span *span = span_of(p);
    struct granule *slot = span_slot(span, p);
    for (int i = 0; i < NATURAL_BYTES_MAX / GRANULE_BYTES && granule_state(slot) == GRANULE_NONE; i++)
        if (slot > span->slots) slot--;
    return slot;
}

INLINE char *wide_block(const struct granule *slot) {
    return span_slot_memory(span_of_slot(slot), slot);
}

INLINE char *wide_end(const struct granule *slot) {
    return wide_block(slot) + ((size_t)granule_count(slot) << GRANULE_SHIFT);
}

INLINE uint64_t *fill_of(const char *p, size_t bytes) {
    return (uint64_t *)((uintptr_t)p + bytes);
}

static struct redzone_end *tail_of(const char *p, size_t bytes) {
    return (struct redzone_end *)((uintptr_t)p + bytes + FILL_BYTES);
}

static STARTUP_TEXT void *redzone_seal(char *p, size_t bytes) {
    debug_check(bytes % ALIGN_BYTES == 8);
    uint64_t hash = hash_of(p, bytes);
    *head_of(p) = (struct redzone_end){bytes, redzone_mark(hash, SALT_HEAD)};
    *fill_of(p, bytes) = redzone_mark(hash, SALT_FILL);
    *tail_of(p, bytes) = (struct redzone_end){bytes, redzone_mark(hash, SALT_TAIL)};
    return p;
}

INLINE bool has_tail(const char *p, size_t bytes, uint64_t hash) {
    return tail_of(p, bytes)->bytes == bytes && tail_of(p, bytes)->mark == redzone_mark(hash, SALT_TAIL);
}

/* A freed block in the region begins with two marks, so that a write to it is found although it is not used again. */
static STARTUP_TEXT void mark_freed(char *p, uint64_t hash) {
    fill_of(p, 0)[0] = fill_of(p, 0)[1] = redzone_mark(hash, SALT_FREED);
    store_relaxed(redzone_region.freed, p);
}

static STARTUP_TEXT void check_freed(const char *p) {
    const struct redzone_end *head = head_of(p);
    uint64_t mark = redzone_mark(hash_of(p, head->bytes), SALT_FREED);
    if (unlikely(head->mark != mark || fill_of(p, 0)[0] != mark || fill_of(p, 0)[1] != mark))
        check_misuse("malloc", p, "was written to after it was freed");
}

/* Take what is next in the region; NULL: it is full, or there is no memory for it. */
static STARTUP_TEXT void *take_cell(size_t size) {
    struct redzone_region *region = &redzone_region;
    debug_check(!load_relaxed(heaps.threaded)); /* no lock guards the region */
    if (region->freed) check_freed(region->freed);
    if (!region->from) {
        struct unit *unit = units_take(REGION_UNITS, UNIT_META);
        if (!unit) return NULL;
        unit->flags &= (uint8_t)~UNIT_CLEAN;
        store_relaxed(region->from, unit->memory);
        store_relaxed(region->bytes, (size_t)REGION_UNITS << UNIT_SHIFT);
    }
    size_t bytes = redzone_usable(size), at = round_up(region->used + END_BYTES, align_of(size));
    size_t end = at - END_BYTES + redzone_whole(bytes);
    if (end > region->bytes) return NULL;
    region->used = end;
    region->blocks++;
    return redzone_seal(region->from + at, bytes);
}

static STARTUP_TEXT void *take_wide(size_t size) {
    size_t align = align_of(size), bytes = redzone_usable(size), before = max_size(align, END_BYTES);
    uint32_t count = (uint32_t)granules_to_hold(before - END_BYTES + redzone_whole(bytes));
    if (count < MEDIUM_GRANULES_MIN) count = MEDIUM_GRANULES_MIN;
    struct granule *slot = align > GRANULE_BYTES ? NULL : medium_take_ready(count);
    if (!slot) slot = medium_take(count, align > GRANULE_BYTES ? (uint32_t)(align >> GRANULE_SHIFT) : 1);
    if (!slot) return NULL;
    store_relaxed(slot->head, (slot->head & ~(uint32_t)GRANULE_ZERO) | GRANULE_SAMPLED);
    return redzone_seal(wide_block(slot) + before, bytes);
}

STARTUP_TEXT void *redzone_take(struct heap *heap, size_t size, uint8_t *count) {
    debug_check(heap->state == HEAP_LIVE && size <= REDZONE_BYTES_MAX);
    const struct sample_hooks *hooks = load_acquire(sample_hooks);
    if (load_relaxed(heaps.threaded) || (heap->sample.rate && !(hooks && hooks->serve))) return NULL;
    void *p = size <= REDZONE_CELL_MAX ? take_cell(size) : NULL;
    if (!p) p = take_wide(size);
    *count = (uint8_t)(*count + (p != NULL));
    return p;
}

void *redzone_take_freed(size_t size) {
    struct redzone_region *region = &redzone_region;
    for (size_t at = END_BYTES; size <= REDZONE_CELL_MAX && at < region->used; at += ALIGN_BYTES) {
        char *p = region->from + at;
        size_t bytes = load_relaxed(head_of(p)->bytes);
        if (((uintptr_t)p & (align_of(size) - 1)) || bytes < redzone_usable(size) || bytes >= region->used) continue;
        uint64_t hash = hash_of(p, bytes), seen = redzone_mark(hash, SALT_FREED);
        if (!cas(head_of(p)->mark, &seen, redzone_mark(hash, SALT_HEAD))) continue;
        store_relaxed(region->freed, NULL);
        return redzone_seal(p, bytes);
    }
    return NULL;
}

/* True when `p` has the head of a used block whose bytes are within its region or its block of level 2. */
static STARTUP_TEXT bool has_head(const char *p) {
    size_t offset = (size_t)(p - redzone_region.from), room;
    if ((uintptr_t)p & (ALIGN_BYTES - 1)) return false;
    if (offset < redzone_region.bytes) {
        if (offset < END_BYTES || offset >= redzone_region.used) return false;
        room = redzone_region.used - offset;
    } else {
        const struct granule *slot = slot_around(p);
        if (granule_state(slot) != GRANULE_USED || !(load_relaxed(slot->head) & GRANULE_SAMPLED)) return false;
        if (p < wide_block(slot) + END_BYTES || p >= wide_end(slot)) return false;
        room = (size_t)(wide_end(slot) - p);
    }
    const struct redzone_end *head = head_of(p);
    uint64_t bytes = load_relaxed(head->bytes);
    return bytes <= room && room - bytes >= FILL_BYTES + END_BYTES &&
           load_relaxed(head->mark) == redzone_mark(hash_of(p, bytes), SALT_HEAD);
}

const char *redzone_within(const char *block) {
    for (size_t i = 0; i < sizeof redzone_places / sizeof redzone_places[0]; i++) {
        const char *p = block + redzone_places[i];
        if (slot_around(p) == span_slot(span_of(block), block) && has_head(p)) return p;
    }
    return NULL;
}

STARTUP_TEXT size_t redzone_bytes(const void *p) {
    return has_head(p) ? load_relaxed(head_of(p)->bytes) : 0;
}

STARTUP_TEXT bool redzone_is_whole(const char *p, size_t bytes) {
    uint64_t hash = hash_of(p, bytes);
    return *fill_of(p, bytes) == redzone_mark(hash, SALT_FILL) && has_tail(p, bytes, hash);
}

/* True when the block at `p` in the region, whose head may be damaged, was freed. */
static COLD bool is_freed(const char *p) {
    const struct redzone_end *head = head_of(p);
    return head->mark == redzone_mark(hash_of(p, head->bytes), SALT_FREED);
}

COLD bool redzone_walk_next(struct redzone_walk *walk) {
    const struct redzone_region *region = &redzone_region;
    for (size_t at = max_size(walk->next, END_BYTES); at < region->used; at += ALIGN_BYTES) {
        char *p = region->from + at;
        walk->used = has_head(p);
        if (!walk->used && !is_freed(p)) continue;
        walk->memory = p;
        walk->bytes = head_of(p)->bytes;
        walk->next = at + redzone_whole(walk->bytes);
        return true;
    }
    return false;
}

/* The block of the region that `p` lies in, by its head: the nearest one to the left; NULL: there is none. */
static const char *cell_around(const char *p) {
    const char *at = (const char *)round_down((uintptr_t)p, ALIGN_BYTES), *low = at - REDZONE_CELL_MAX;
    for (; at >= low && at > redzone_region.from; at -= ALIGN_BYTES)
        if (has_head(at)) return p < at + head_of(at)->bytes ? at : NULL;
    return NULL;
}

/* True when a tail before `end` says that a block begins at `p`, whose head is damaged. */
static COLD bool finds_tail(const char *p, const char *end) {
    for (size_t bytes = 24; p + redzone_whole(bytes) - END_BYTES <= end; bytes += ALIGN_BYTES)
        if (has_tail(p, bytes, hash_of(p, bytes))) return true;
    return false;
}

/* The same for a block of level 2. */
static COLD bool finds_wide_tail(const char *p) {
    const struct granule *slot = slot_around(p);
    bool may = granule_state(slot) == GRANULE_USED && load_relaxed(slot->head) & GRANULE_SAMPLED;
    return may && (uintptr_t)p % ALIGN_BYTES == 0 && finds_tail(p, wide_end(slot));
}

static const char before_its_start[] = "was written to before its start";

/* End the program: `p`, in the region, has no intact head. */
static _Noreturn COLD void bad_cell(const char *function, const char *p) {
    size_t offset = (size_t)(p - redzone_region.from);
    if (offset < END_BYTES || offset >= redzone_region.used) check_misuse(function, p, "is not ours");
    const char *block = cell_around(p);
    if (block) check_interior(function, p, block, head_of(block)->bytes);
    if ((uintptr_t)p & (ALIGN_BYTES - 1)) check_misuse(function, p, "is not ours");
    if (is_freed(p)) check_already_free(function, p);
    check_misuse(function, p,
                 finds_tail(p, redzone_region.from + redzone_region.used) ? before_its_start : "is not ours");
}

STARTUP_TEXT size_t redzone_check(const char *function, const void *p) {
    if (unlikely(!has_head(p))) {
        if (in_region(p)) bad_cell(function, p);
        if (finds_wide_tail(p)) check_misuse(function, p, before_its_start);
        return 0;
    }
    size_t bytes = load_relaxed(head_of(p)->bytes);
    if (unlikely(!redzone_is_whole(p, bytes))) check_misuse(function, p, "was written to beyond its end");
    return bytes;
}

STARTUP_TEXT void *redzone_free(void *p, size_t bytes) {
    debug_check(load_relaxed(head_of(p)->bytes) == bytes);
    uint64_t seen = redzone_mark(hash_of(p, bytes), SALT_HEAD);
    if (unlikely(!cas(head_of(p)->mark, &seen, redzone_mark(hash_of(p, bytes), SALT_FREED))))
        check_already_free("free", p);
    if (in_region(p)) return mark_freed(p, hash_of(p, bytes)), NULL;
    struct granule *slot = slot_around(p);
    head_of(p)->mark = 0;
    store_relaxed(slot->head, slot->head & ~(uint32_t)GRANULE_SAMPLED);
    return wide_block(slot);
}

STARTUP_TEXT void redzone_set_firsts(uint32_t firsts) {
    store_relaxed(redzone_firsts, firsts);
}
