/* Red zones: words before and behind a block that the program must not write to. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone.h"
#include "base/check.h"
#include "heap/sample.h"
#include "span/units.h"

/* Up to LEAN_FIRSTS of a size no block of the region goes to level 2, where a small one takes three granules. */
enum { REGION_UNITS = 6, LEAN_FIRSTS = 8, REGION_BYTES_EACH = 4096 };

uint32_t redzone_firsts;

/* What glibc's malloc lets a program use of a request: its heads of 8 bytes lie at multiples of 16. */
INLINE size_t redzone_usable(size_t size) {
    size_t bytes = round_up(size + 8, REDZONE_ALIGN_BYTES) - 8;
    return bytes < 24 ? 24 : bytes;
}

/* At what multiples a block of `size` bytes lies. */
INLINE size_t align_of(size_t size) {
    return size > REDZONE_ALIGN_BYTES && size <= REDZONE_NATURAL_MAX && is_power_of_two(size) ? size
                                                                                              : REDZONE_ALIGN_BYTES;
}

static REDZONE_TEXT void *redzone_seal(char *p, size_t bytes) {
    debug_check(bytes % REDZONE_ALIGN_BYTES == 8);
    uint64_t hash = redzone_hash_of(p, bytes);
    *redzone_head(p) = (struct redzone_end){bytes, redzone_mark(hash, SALT_HEAD)};
    *redzone_fill(p, bytes) = redzone_mark(hash, SALT_FILL);
    *redzone_tail(p, bytes) = (struct redzone_end){bytes, redzone_mark(hash, SALT_TAIL)};
    return p;
}

/* A freed block in the region begins with two marks, so that a write to it is found although it is not used again. */
static REDZONE_TEXT void mark_freed(char *p, uint64_t hash) {
    redzone_fill(p, 0)[0] = redzone_fill(p, 0)[1] = redzone_mark(hash, SALT_FREED);
    store_relaxed(redzone_region.freed, p);
}

static REDZONE_TEXT void check_freed(const char *p) {
    const struct redzone_end *head = redzone_head(p);
    uint64_t mark = redzone_mark(redzone_hash_of(p, head->bytes), SALT_FREED);
    if (unlikely(head->mark != mark || redzone_fill(p, 0)[0] != mark || redzone_fill(p, 0)[1] != mark))
        check_misuse("malloc", p, "was written to after it was freed");
}

/* Where the region ends for the next block of a size of which there were `count`: the later a block of its size comes,
 * the emptier the region must be. So two thirds of it hold all the first blocks of a program's first sizes, and the
 * rest the very first of those that come later (decision 385). */
static size_t region_end(uint32_t count) {
    return redzone_region.bytes - min_size(count, LEAN_FIRSTS) * REGION_BYTES_EACH;
}

/* Take what is next in the region; NULL: it is full, or there is no memory for it. */
static REDZONE_TEXT void *take_cell(size_t size, uint32_t count) {
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
    size_t bytes = redzone_usable(size), at = round_up(region->used + REDZONE_HEAD_BYTES, align_of(size));
    size_t end = at - REDZONE_HEAD_BYTES + redzone_whole(bytes);
    if (end > region_end(count)) return NULL;
    region->used = end;
    region->blocks++;
    return redzone_seal(region->from + at, bytes);
}

static REDZONE_TEXT void *take_wide(size_t size, enum alloc_fill fill) {
    size_t align = align_of(size), bytes = redzone_usable(size), before = max_size(align, REDZONE_HEAD_BYTES);
    uint32_t count = (uint32_t)granules_to_hold(before - REDZONE_HEAD_BYTES + redzone_whole(bytes));
    if (count < MEDIUM_GRANULES_MIN) count = MEDIUM_GRANULES_MIN;
    struct granule *slot = align > GRANULE_BYTES ? NULL : medium_take_ready(count);
    if (!slot) slot = medium_take(count, align > GRANULE_BYTES ? (uint32_t)(align >> GRANULE_SHIFT) : 1);
    if (!slot) return NULL;
    char *p = redzone_block(slot) + before;
    if (fill == ALLOC_ZEROED && !(slot->head & GRANULE_ZERO)) memset(p, 0, size);
    store_relaxed(redzone_region.wide, true);
    store_relaxed(slot->head, (slot->head & ~(uint32_t)GRANULE_ZERO) | GRANULE_SAMPLED);
    return redzone_seal(p, bytes);
}

REDZONE_TEXT void *redzone_take(struct heap *heap, size_t size, uint8_t *count, enum alloc_fill fill) {
    debug_check(heap->state == HEAP_LIVE && size <= REDZONE_BYTES_MAX);
    const struct sample_hooks *hooks = load_acquire(sample_hooks);
    if (load_relaxed(heaps.threaded) || (heap->sample.rate && !(hooks && hooks->serve))) return NULL;
    void *p = size <= REDZONE_CELL_MAX ? take_cell(size, *count) : NULL;
    if (!p && (size > REDZONE_CELL_MAX || load_relaxed(redzone_firsts) > LEAN_FIRSTS)) p = take_wide(size, fill);
    *count = (uint8_t)(*count + (p != NULL));
    return p;
}

void *redzone_take_freed(size_t size) {
    struct redzone_region *region = &redzone_region;
    for (size_t at = REDZONE_HEAD_BYTES; size <= REDZONE_CELL_MAX && at < region->used; at += REDZONE_ALIGN_BYTES) {
        char *p = region->from + at;
        size_t bytes = load_relaxed(redzone_head(p)->bytes);
        if (((uintptr_t)p & (align_of(size) - 1)) || bytes < redzone_usable(size) || bytes >= region->used) continue;
        uint64_t hash = redzone_hash_of(p, bytes), seen = redzone_mark(hash, SALT_FREED);
        if (!cas(redzone_head(p)->mark, &seen, redzone_mark(hash, SALT_HEAD))) continue;
        store_relaxed(region->freed, NULL);
        return redzone_seal(p, bytes);
    }
    return NULL;
}

REDZONE_TEXT void *redzone_free(void *p, size_t bytes) {
    debug_check(load_relaxed(redzone_head(p)->bytes) == bytes);
    uint64_t seen = redzone_mark(redzone_hash_of(p, bytes), SALT_HEAD);
    if (unlikely(!cas(redzone_head(p)->mark, &seen, redzone_mark(redzone_hash_of(p, bytes), SALT_FREED))))
        check_already_free("free", p);
    if (redzone_in_region(p)) return mark_freed(p, redzone_hash_of(p, bytes)), NULL;
    struct granule *slot = redzone_slot(p);
    redzone_head(p)->mark = 0;
    store_relaxed(slot->head, slot->head & ~(uint32_t)GRANULE_SAMPLED);
    return redzone_block(slot);
}

STARTUP_TEXT void redzone_set_firsts(uint32_t firsts) {
    store_relaxed(redzone_firsts, firsts);
}
