/* Collected arenas: the slabs that blocks come from. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "base/valgrind.h"
#include "heap/fast.h"
#include "heap/registry.h"
#include "span/units.h"

void collected_check(const char *function, const struct heapalloc_collected *collected) {
    if (unlikely(!object_found(collected, OBJECT_COLLECTED)))
        check_misuse(function, collected, "is not a collected arena");
}

void collected_enter(const char *function, const struct heapalloc_collected *collected) {
    collected_check(function, collected);
    bool precise = collected->options.flags & HEAPALLOC_COLLECTED_PRECISE;
    if (unlikely(!precise && collected->thread != (const void *)&heap_self))
        check_misuse(function, collected, "is used by a thread that did not make it");
    if (unlikely(collected->in_trace)) check_misuse(function, collected, "is used by its own trace function");
}

bool collected_can_read(const struct heapalloc_collected *collected, const void *from, size_t bytes) {
    const char *first = from, *here = __builtin_frame_address(0), *base = collected->stack_base;
    if (bytes == 0 || (first >= here && first < base && bytes <= (size_t)(base - first))) return true;
    if (bytes > UINTPTR_MAX - (uintptr_t)from) return false;
    if (used_is_mapped(first) && used_is_mapped(first + bytes - 1)) return true;
    return !collected->readable || collected->readable(from, bytes);
}

bool collected_grow(void *array, size_t *room, size_t each) {
    void **at = array;
    size_t more = *room ? *room * 2 : 32;
    void *new = entry_alloc(more * each, heap_self);
    if (!new) return false;
    if (*at) {
        memcpy(new, *at, *room * each);
        entry_free(*at, heap_self);
    }
    *at = new;
    *room = more;
    return true;
}

static void forget_units(struct heapalloc_collected *collected, const struct collected_slab *slab, size_t count) {
    for (size_t i = 0; i < count; i++) address_remove(&collected->slabs, ((uintptr_t)slab->memory >> UNIT_SHIFT) + i);
}

static bool know_units(struct heapalloc_collected *collected, struct collected_slab *slab) {
    for (size_t i = 0; i < slab->unit->count; i++) {
        if (address_set(&collected->slabs, ((uintptr_t)slab->memory >> UNIT_SHIFT) + i, slab)) continue;
        forget_units(collected, slab, i);
        return false;
    }
    uintptr_t end = (uintptr_t)slab->memory + unit_bytes(slab->unit);
    if ((uintptr_t)slab->memory < collected->lowest) collected->lowest = (uintptr_t)slab->memory;
    if (end > collected->highest) collected->highest = end;
    return true;
}

static void give_unit(struct unit *unit) {
    heap_enter();
    unit->flags = 0;
    store_relaxed(unit->owner, NULL);
    units_give(unit);
}

void collected_give(struct heapalloc_collected *collected, struct collected_slab *slab) {
    forget_units(collected, slab, slab->unit->count);
    collected->reserved_bytes -= unit_bytes(slab->unit);
    give_unit(slab->unit);
    entry_free(slab, heap_self);
}

static struct unit *collected_take_units(struct heapalloc_collected *collected, size_t count) {
    size_t bytes = count << UNIT_SHIFT, limit = collected->options.limit_bytes;
    if (count > SPAN_UNITS_MAX || (limit && collected->reserved_bytes + bytes > limit)) return NULL;
    heap_enter();
    struct unit *unit = units_take((uint32_t)count, UNIT_ARENA);
    if (!unit) return NULL;
    valgrind_take(unit->memory, bytes);
    store_relaxed(unit->owner, (struct heap *)collected);
    return unit;
}

struct collected_slab *collected_add(struct heapalloc_collected *collected, size_t class, size_t bytes,
                                     enum collected_content content) {
    size_t block_bytes = class ? class_shapes[class].block_bytes : round_up(bytes, UNIT_BYTES);
    uint32_t count = class ? UNIT_BYTES / (uint32_t)block_bytes : 1, words = (count + 63) / 64;
    struct collected_slab *slab = entry_zeroed(sizeof(*slab) + 2 * words * sizeof(uint64_t));
    struct unit *unit = slab ? collected_take_units(collected, class ? 1 : block_bytes >> UNIT_SHIFT) : NULL;
    if (unit) {
        slab->unit = unit;
        slab->memory = unit->memory;
        slab->block_bytes = block_bytes;
        slab->recip = class ? (uint32_t)(((UINT64_C(1) << 32) + block_bytes - 1) / block_bytes) : 0;
        slab->count = count;
        slab->words = words;
        slab->class = (uint8_t) class;
        slab->content = (uint8_t)content;
        if (know_units(collected, slab)) {
            collected->reserved_bytes += unit_bytes(unit);
            slab->next = collected->all;
            if (collected->sweep_at == &collected->all) collected->sweep_at = &slab->next;
            collected->all = slab;
            return slab;
        }
        give_unit(unit);
    }
    if (slab) entry_free(slab, heap_self);
    return NULL;
}
