/* The heap map: what heapalloc/map.h promises, as this compiler laid it out. */
/* SPDX-License-Identifier: MIT */
#include "extras/arena.h"
#include "extras/collected.h"
#include "extras/pool.h"
#include "heap/heap.h"
#include "heap/named.h"
#include "heap/redzone_block.h"
#include <heapalloc/map.h>

#define OF_SPAN(field) offsetof(struct span, field)
#define OF_UNIT(field) offsetof(struct unit, field)
#define OF_HEAP(field) offsetof(struct heap, field)
#define OF_NAMED(field) offsetof(struct named, field)
#define OF_ARENA(field) offsetof(struct heapalloc_arena, field)
#define OF_POOL(field) offsetof(struct heapalloc_pool, field)

/* The values that a map of this version promises are those of the core. */
#define SAME(promised, ours) _Static_assert((int)HEAPALLOC_MAP_##promised == (int)(ours), "a new version of the map")
SAME(FREE, UNIT_FREE);
SAME(FREE_LAST, UNIT_FREE_LAST);
SAME(SLAB, UNIT_SLAB);
SAME(MEDIUM, UNIT_MEDIUM);
SAME(LARGE, UNIT_LARGE);
SAME(LEAVING, UNIT_LEAVING);
SAME(META, UNIT_META);
SAME(POOL, UNIT_POOL);
SAME(ARENA, UNIT_ARENA);
SAME(EDGE, UNIT_EDGE);
SAME(INSIDE, UNIT_INSIDE);
SAME(ATTACHED, UNIT_ATTACHED);
SAME(GRANULE_COUNT, GRANULE_COUNT_MASK);
SAME(SAMPLED, GRANULE_SAMPLED);
SAME(GRANULE_SHIFT, GRANULE_STATE_SHIFT);
SAME(PURGED_BYTES, SLAB_CARVE_BYTES);
SAME(HEAP_LIVE, HEAP_LIVE);
SAME(NAME_BYTES, NAMED_CHARS);
SAME(NAMED_POOL, NAMED_POOL);
SAME(NAMED_ARENA, NAMED_ARENA);
SAME(NAMED_COLLECTED, NAMED_COLLECTED);
_Static_assert(GRANULE_USED >> 28 == 1 && GRANULE_FREE >> 28 == 2 && GRANULE_CACHED >> 28 == 3 &&
                   GRANULE_DEFERRED >> 28 == 4 && PURGED_MASK == 15,
               "a new version of the map");
_Static_assert(sizeof(enum named_kind) == 4 && sizeof(struct arena_room) == 2 * sizeof(uintptr_t) &&
                   OF_ARENA(memory_end) == OF_ARENA(memory) + sizeof(char *),
               "as the map says");
_Static_assert(sizeof(enum heap_state) == 4 && sizeof(HEAPALLOC_MAP_MAGIC) <= 16, "as the map says");

const struct heapalloc_map heapalloc_map = {
    .magic = HEAPALLOC_MAP_MAGIC,
    .version = HEAPALLOC_MAP_VERSION,
    .bytes = sizeof(struct heapalloc_map),
    .safety = HEAPALLOC_SAFETY,
#ifdef __x86_64__
    .key_is_sum = 1,
#endif
    .span_home = &span_home,
    .span_list = span_list,
    .span_count = &span_count,
    .heaps = &heaps.all,
    .secret = &heap_secret_word,
    .block_end = &block_end_mark,
    .classes = class_shapes,
    .redzones = &redzone_region,
    .named = &named_first,
    .unit_bytes = UNIT_BYTES,
    .granule_bytes = GRANULE_BYTES,
    .class_count = CLASS_COUNT,
    .spans_max = SPANS_MAX,
    .class_bytes = sizeof(struct class_shape),
    .class_block_bytes = offsetof(struct class_shape, block_bytes),
    .span_bytes = sizeof(struct span),
    .span_base = OF_SPAN(base),
    .span_size = OF_SPAN(bytes),
    .span_lines = OF_SPAN(lines),
    .span_slots = OF_SPAN(slots),
    .span_top_units = OF_SPAN(top_units),
    .line_bytes = sizeof(struct unit),
    .unit_owner = OF_UNIT(owner),
    .unit_free = OF_UNIT(free),
    .unit_memory = OF_UNIT(memory),
    .unit_count = OF_UNIT(count),
    .unit_remote = OF_UNIT(remote),
    .unit_recip = OF_UNIT(recip),
    .unit_used = OF_UNIT(used_blocks),
    .unit_resident = OF_UNIT(resident_blocks),
    .unit_carved = OF_UNIT(carved_blocks),
    .unit_size = OF_UNIT(block_bytes),
    .unit_class = OF_UNIT(class),
    .unit_kind = OF_UNIT(kind),
    .unit_flags = OF_UNIT(flags),
    .unit_purged = OF_UNIT(purged_pages),
    .slot_bytes = sizeof(struct granule),
    .granule_before = offsetof(struct granule, before),
    .granule_head = offsetof(struct granule, head),
    .block_next = offsetof(struct block, next),
    .block_key = offsetof(struct block, key),
    .heap_bytes = sizeof(struct heap),
    .heap_state = OF_HEAP(state),
    .heap_next_all = OF_HEAP(next_all),
    .heap_bin = OF_HEAP(bin),
    .heap_classes = OF_HEAP(classes),
    .size_class_bytes = sizeof(struct size_class),
    .size_class_current = offsetof(struct size_class, current),
    .size_class_attached = offsetof(struct size_class, attached),
    .size_class_partial = offsetof(struct size_class, partial.first),
    .named_bytes = sizeof(struct named),
    .named_next = OF_NAMED(next),
    .named_object = OF_NAMED(object),
    .named_name = OF_NAMED(name),
    .named_kind = OF_NAMED(kind),
    .arena_bytes = sizeof(struct heapalloc_arena),
    .arena_reserved = OF_ARENA(reserved_bytes),
    .arena_spare = OF_ARENA(spare_bytes),
    .arena_memory = OF_ARENA(memory),
    .arena_open = OF_ARENA(open),
    .arena_own = OF_ARENA(own),
    .collected_bytes = sizeof(struct heapalloc_collected),
    .collected_used = offsetof(struct heapalloc_collected, used_bytes),
    .collected_reserved = offsetof(struct heapalloc_collected, reserved_bytes),
    .pool_bytes = sizeof(struct heapalloc_pool),
    .pool_secret = OF_POOL(secret),
    .pool_last = OF_POOL(last),
    .pool_slabs = OF_POOL(slabs),
    .pool_manager = OF_POOL(manager),
    .pool_block_bytes = OF_POOL(block_bytes),
    .pool_recip = OF_POOL(recip),
    .pool_slab_count = OF_POOL(slab_count),
    .manager_bytes = sizeof(struct pool_manager),
    .manager_tail = offsetof(struct pool_manager, tail_bytes),
    .unit_next = OF_UNIT(next),
    .unit_start_limit = OF_UNIT(start_limit),
};

/* The same under a hidden name, which nothing can interpose: so the linker knows the note's distance to it
 * (shim/map_note.c). */
extern const struct heapalloc_map heapalloc_map_here __attribute__((alias("heapalloc_map"), visibility("hidden")));
