/* Several small heaps (heapalloc/small.h): parts by attributes, hooks, figures, guards behind blocks. */
/* SPDX-License-Identifier: MIT */
#include "base/guard.h"
#include "small.h"
#include "small_check.h"
#include <heapalloc/small.h>

/* Regions with the same attributes form one part, with an index of its own, so a request by attributes needs no search.
 * */
struct heapalloc_small {
    struct small small;
    struct heapalloc_small *next; /* part; the first is the heap */
    uint32_t attributes;
    size_t failures; /* of the first part: the heap's */
    struct heapalloc_small_hooks hooks;
};

/* [ part | region ] */
struct heapalloc_small *heapalloc_small_create(void *start, size_t bytes, uint32_t attributes) {
    uintptr_t from = round_up((uintptr_t)start, 16), region = from + round_up(sizeof(struct heapalloc_small), 16);
    if (region - (uintptr_t)start > bytes) return NULL;
    struct heapalloc_small *part = (struct heapalloc_small *)from;
    memset(part, 0, sizeof *part);
    part->attributes = attributes;
    bool done = small_init(&part->small, (void *)region, bytes - (region - (uintptr_t)start));
    return done ? part : NULL;
}

static bool meets(const struct heapalloc_small *heap, uintptr_t from, uintptr_t to) {
    for (const struct heapalloc_small *part = heap; part; part = part->next) {
        if ((uintptr_t)part < to && from < (uintptr_t)(part + 1)) return true;
        for (const struct region *region = part->small.regions; region; region = region->next)
            if ((uintptr_t)region < to && from < (uintptr_t)(region->end + 1)) return true;
    }
    return false;
}

bool heapalloc_small_add_region(struct heapalloc_small *heap, void *start, size_t bytes, uint32_t attributes) {
    struct heapalloc_small *part = heap;
    uintptr_t from = (uintptr_t)start;
    if (from + bytes < from || meets(heap, from, from + bytes)) return false;
    while (part && part->attributes != attributes) part = part->next;
    if (part) return small_add_region(&part->small, start, bytes);
    part = heapalloc_small_create(start, bytes, attributes);
    if (!part) return false;
    part->next = heap->next;
    heap->next = part;
    return true;
}

bool heapalloc_small_remove_region(struct heapalloc_small *heap, void *start) {
    for (struct heapalloc_small *part = heap; part; part = part->next)
        if (small_remove_region(&part->small, start, SIZE_MAX)) return true;
    return false;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void guard_block(struct heapalloc_small *part, void *p, size_t size, const void *caller) {
    if (config_guarded) guard_set(p, small_usable(&part->small, p), size, caller);
}

/* The bytes of a block that its caller may use. */
static size_t checked_bytes(const char *function, struct heapalloc_small *part, void *p) {
    size_t bytes = small_usable(&part->small, p);
    return config_guarded ? guard_check(function, p, bytes) : bytes;
}

static void *take_from(struct heapalloc_small *part, size_t size, size_t align, const void *caller) {
    void *p = small_alloc_aligned(&part->small, guard_request(size), align);
    if (p) guard_block(part, p, size, caller);
    return p;
}

enum take_where { TAKE_MATCHING, TAKE_ANY };

static void *take_anywhere(struct heapalloc_small *heap, size_t size, size_t align, uint32_t attributes,
                           enum take_where where, const void *caller) {
    void *p = NULL;
    if (!is_power_of_two(align)) return NULL;
    for (struct heapalloc_small *part = heap; part && !p; part = part->next)
        if ((part->attributes & attributes) == attributes) p = take_from(part, size, align, caller);
    for (struct heapalloc_small *part = heap; part && !p && where == TAKE_ANY; part = part->next)
        if ((part->attributes & attributes) != attributes) p = take_from(part, size, align, caller);
    return p;
}

static void *tell(struct heapalloc_small *heap, void *p, size_t size) {
    const struct heapalloc_small_hooks *hooks = &heap->hooks;
    if (p && hooks->alloc) hooks->alloc(hooks->context, p, size);
    if (p) return p;
    heap->failures++;
    if (hooks->failed) hooks->failed(hooks->context, size);
    return NULL;
}

void *heapalloc_small_alloc_from(struct heapalloc_small *heap, size_t size, size_t align, uint32_t attributes,
                                 bool fallback) {
    const void *caller = __builtin_return_address(0);
    return tell(heap, take_anywhere(heap, size, align, attributes, fallback ? TAKE_ANY : TAKE_MATCHING, caller), size);
}

void *heapalloc_small_alloc(struct heapalloc_small *heap, size_t size) {
    const void *caller = __builtin_return_address(0);
    return tell(heap, take_anywhere(heap, size, GRANULE_BYTES, HEAPALLOC_ANYWHERE, TAKE_MATCHING, caller), size);
}

/* The part that contains `p`; if there is none, the first part reports it. */
static struct heapalloc_small *part_of(struct heapalloc_small *heap, const void *p) {
    struct heapalloc_small *part = heap;
    while (part && !region_of(&part->small, p)) part = part->next;
    return part ? part : heap;
}

static void give(struct heapalloc_small *part, void *p) {
    if (config_guarded) guard_poison(p, small_usable(&part->small, p));
    small_free(&part->small, p);
}

void heapalloc_small_free(struct heapalloc_small *heap, void *p) {
    if (!p) return;
    struct heapalloc_small *part = part_of(heap, p);
    small_expect(&part->small, "free", p);
    checked_bytes("free", part, p);
    if (heap->hooks.free) heap->hooks.free(heap->hooks.context, p);
    give(part, p);
}

void *heapalloc_small_realloc(struct heapalloc_small *heap, void *p, size_t size, size_t align) {
    const void *caller = __builtin_return_address(0);
    if (!p) return tell(heap, take_anywhere(heap, size, align, HEAPALLOC_ANYWHERE, TAKE_MATCHING, caller), size);
    if (size == 0) return heapalloc_small_free(heap, p), NULL;
    struct heapalloc_small *part = part_of(heap, p);
    small_expect(&part->small, "realloc", p);
    size_t had = checked_bytes("realloc", part, p);
    if (is_power_of_two(align) && (uintptr_t)p % align == 0 && small_resize(&part->small, p, guard_request(size))) {
        guard_block(part, p, size, caller);
        if (heap->hooks.free) heap->hooks.free(heap->hooks.context, p);
        return tell(heap, p, size);
    }
    void *new = take_anywhere(heap, size, align, part->attributes, TAKE_ANY, caller);
    if (!tell(heap, new, size)) return NULL;
    memcpy(new, p, min_size(had, size));
    heapalloc_small_free(heap, p);
    return new;
}

size_t heapalloc_small_usable(struct heapalloc_small *heap, const void *p) {
    const struct small *small = &part_of(heap, p)->small;
    small_expect(small, "usable", p);
    size_t bytes = small_usable(small, p);
    return config_guarded ? guard_of((void *)p, bytes)->size : bytes;
}

/* ---- looking --------------------------------------------------------------------------------- */

void heapalloc_small_hook(struct heapalloc_small *heap, const struct heapalloc_small_hooks *hooks) {
    heap->hooks = *hooks;
}

struct heapalloc_small_figures heapalloc_small_figures(const struct heapalloc_small *heap) {
    struct heapalloc_small_figures sum = {.failures = heap->failures};
    for (const struct heapalloc_small *part = heap; part; part = part->next) {
        sum.used_bytes += part->small.used_bytes, sum.free_bytes += part->small.free_bytes;
        sum.peak_bytes += part->small.peak_bytes, sum.least_bytes += part->small.least_bytes;
    }
    return sum;
}

const char *heapalloc_small_check(const struct heapalloc_small *heap) {
    const char *broken = NULL;
    for (const struct heapalloc_small *part = heap; part && !broken; part = part->next)
        broken = small_check_heap(&part->small);
    return broken;
}

struct look {
    const struct small *small;
    void (*visit)(void *context, void *p, size_t size, const void *caller);
    void *context;
};

static void look_at(void *context, void *p) {
    const struct look *look = context;
    const struct guard *guard = guard_of(p, small_usable(look->small, p));
    look->visit(look->context, p, guard->size, guard->caller);
}

void heapalloc_small_each(struct heapalloc_small *heap,
                          void (*visit)(void *context, void *p, size_t size, const void *caller), void *context) {
    for (struct heapalloc_small *part = heap; part && config_guarded; part = part->next)
        small_each(&part->small, look_at, &(struct look){&part->small, visit, context});
}

/* ---- how much is enough ---------------------------------------------------------------------- */

/* A request is refused only if each free block is smaller than the first list that fits it, a 32nd more. Free blocks
 * are never adjacent: there is at most one more than blocks in use. */
size_t heapalloc_small_enough(size_t live_bytes, size_t blocks, size_t largest_bytes) {
    size_t guard = guard_request(0), slots, heads, bytes;
    if (largest_bytes > SMALL_SIZE_MOST - guard) return SIZE_MAX;
    size_t block = round_up(largest_bytes + guard + sizeof(struct head), GRANULE_BYTES),
           list = block + block / 32 + GRANULE_BYTES;
    size_t tables = round_up(sizeof(struct heapalloc_small), 16) + sizeof(struct region) + 4 * GRANULE_BYTES;
    if (__builtin_add_overflow(blocks, 1, &slots) || __builtin_mul_overflow(slots, list, &bytes) ||
        __builtin_mul_overflow(blocks, sizeof(struct head) + 2 * GRANULE_BYTES + guard, &heads) ||
        __builtin_add_overflow(bytes, live_bytes, &bytes) || __builtin_add_overflow(bytes, heads, &bytes) ||
        __builtin_add_overflow(bytes, tables, &bytes) || bytes > SMALL_SIZE_MOST)
        return SIZE_MAX;
    return bytes;
}

/* Source: Robson, An estimate of the store size necessary for dynamic storage allocation, JACM 18(3), 1971. */
size_t heapalloc_small_least(size_t live_bytes, size_t largest_bytes) {
    size_t units = live_bytes / GRANULE_BYTES, most = max_size(largest_bytes / GRANULE_BYTES, 1);
    if (units < most) return live_bytes;
    size_t bytes, halves = units / 2 * bit_high((uint32_t)min_size(most, UINT32_MAX)) + 1;
    if (__builtin_mul_overflow(halves + units - most, (size_t)GRANULE_BYTES, &bytes)) return SIZE_MAX;
    return bytes;
}
