/* Freeing beyond the fast path: other threads' slabs, medium and large blocks, and everything that is wrong. */
#include "base/check.h"
#include "heap/cache.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/free.h"
#include "heap/orphans.h"
#include "heap/tick.h"
#include "span/purge.h"
#include "span/units.h"
#include <heapalloc/port.h>

/* A pointer that no span holds. */
static COLD void foreign(const char *function, const void *p) {
    check_misuse(function, p, port_on_stack(p) ? "is on a stack" : "is not ours");
}

/* A pointer into a unit that is the head of nothing: look to the left for what it lies in. */
static COLD void inside(const char *function, const void *p, struct unit *unit) {
    const struct unit *head = unit;
    while (head->kind == UNIT_INSIDE || head->kind == UNIT_FREE_LAST) head--;
    if (head->kind == UNIT_LARGE && head + head->count > unit)
        check_interior(function, p, head->memory, (size_t)head->count << UNIT_SHIFT);
    if ((head->kind == UNIT_FREE || head->kind == UNIT_LEAVING) && head + head->count > unit)
        check_misuse(function, p, "is already free");
    check_misuse(function, p, "is not ours");
}

static COLD void inside_medium(const char *function, const void *p, const struct granule *slot) {
    const struct span *span = span_of(p);
    uint32_t limit = CLASS_COUNT << 16; /* a medium block ends long before */
    while (granule_state(slot) == GRANULE_NONE && slot > span->slots && limit-- > 0) slot--;
    if (granule_state(slot) != GRANULE_USED) check_misuse(function, p, "is already free");
    check_interior(function, p, span_slot_memory(span, slot), (size_t)granule_count(slot) << GRANULE_SHIFT);
}

struct unit *free_check_slab(const char *function, const void *p, struct unit *slab) {
    if (!config_safety) return slab;
    if (unlikely(!slab_is_start(slab, p))) {
        char *block = slab_block_around(slab, p);
        if (block == p || !slab_is_start(slab, block)) check_misuse(function, p, "is not ours");
        if (block_is_free((struct block *)block, heap_secret())) check_misuse(function, p, "is already free");
        check_interior(function, p, block, slab->block_bytes);
    }
    if (unlikely(block_is_free(p, heap_secret()))) check_misuse(function, p, "is already free");
    return slab;
}

struct granule *free_check_medium(const char *function, const void *p) {
    const struct span *span = span_of(p);
    struct granule *slot = span_slot(span, p);
    uint32_t state = granule_state(slot);
    if (unlikely(state == GRANULE_NONE)) inside_medium(function, p, slot);
    if (unlikely(state != GRANULE_USED)) check_misuse(function, p, "is already free");
    if (unlikely((uintptr_t)p & (GRANULE_BYTES - 1)))
        check_interior(function, p, span_slot_memory(span, slot), (size_t)granule_count(slot) << GRANULE_SHIFT);
    return slot;
}

struct unit *free_check_large(const char *function, const void *p, struct unit *unit) {
    if (unlikely(p != unit->memory))
        check_interior(function, p, unit->memory, (size_t)unit->count << UNIT_SHIFT);
    return unit;
}

struct unit *free_check_unit(const char *function, const void *p) {
    struct unit *unit = span_unit(p);
    if (unlikely(!unit)) foreign(function, p);
    switch (racy_load(unit->kind)) {
    case UNIT_SLAB:
    case UNIT_MEDIUM:
    case UNIT_LARGE: return unit;
    case UNIT_INSIDE:
    case UNIT_FREE_LAST: inside(function, p, unit); break;
    case UNIT_FREE:
    case UNIT_LEAVING: check_misuse(function, p, "is already free");
    default: check_misuse(function, p, "is not ours");
    }
    return NULL;
}

/* The slab had no owner and is the caller's now: `heap` takes it in, or it waits for a heap that does. */
static void take_in(struct unit *slab, struct heap *heap) {
    if (!heap) {
        orphans_put(slab, heap_none.secret);
        return;
    }
    racy_store(slab->owner, heap);
    owner_collect(slab, heap->secret);
    heap_wait(heap, slab);
    if (slab->used_blocks == 0) heap_slab_empty(slab, heap);
}

static NOINLINE void free_elsewhere(struct unit *slab, struct block *block, struct heap *heap) {
    if (unlikely(heaps.lost) && fork_salvage(slab, heap)) {
        block_link(block, slab->free, heap_secret());
        slab->free = block;
        if (--slab->used_blocks == 0) heap_slab_empty(slab, heap);
        return;
    }
    bool locked = load_relaxed(slab->remote) & REMOTE_LISTED && lock_try(&orphans.lock);
    enum owner_push push = owner_push(slab, block, heap_secret(), locked);
    if (push == OWNER_CLAIMED_LISTED) orphans_unlink(slab);
    if (locked) lock_give(&orphans.lock);
    if (push != OWNER_PUSHED) take_in(slab, heap);
}

static void free_slab(void *p, struct unit *slab, struct heap *heap) {
    free_check_slab("free", p, slab);
    if (racy_load(slab->owner) != heap || !heap) {
        free_elsewhere(slab, p, heap);
        return;
    }
    struct block *block = p; /* in a further span */
    block_link(block, slab->free, heap->secret);
    slab->free = block;
    if (--slab->used_blocks == 0) heap_slab_empty(slab, heap);
}

static void free_medium(void *p, struct heap *heap) {
    struct granule *slot = free_check_medium("free", p);
    uint32_t count = granule_count(slot), seen = load_relaxed(slot->head);
    if (unlikely(!cas(slot->head, &seen, count << GRANULE_COUNT_SHIFT | GRANULE_CACHED)))
        check_misuse("free", p, "is already free");
    if (likely(heap && cache_push(heap, slot, count))) return;
    medium_give(slot);
    if (heap) heap_count_slow(heap);
}

static void free_large(void *p, struct unit *unit, struct heap *heap) {
    free_check_large("free", p, unit);
    uint8_t seen = UNIT_LARGE;
    if (unlikely(!cas(unit->kind, &seen, UNIT_LEAVING))) check_misuse("free", p, "is already free");
    unit->flags = 0;
    units_give(unit);
    purge_excess();
    if (heap) heap_count_slow(heap);
}

void heap_free_slow(void *p, struct heap *heap) {
    if (p == NULL) return;
    struct unit *unit = free_check_unit("free", p);
    if (unlikely(heap->state != HEAP_LIVE)) heap = heap_attach(heap);
    switch (racy_load(unit->kind)) {
    case UNIT_SLAB: free_slab(p, unit, heap); break;
    case UNIT_MEDIUM: free_medium(p, heap); break;
    default: free_large(p, unit, heap); break;
    }
}

size_t heap_usable_slow(const void *p) {
    if (p == NULL) return 0;
    struct unit *unit = free_check_unit("malloc_usable_size", p);
    if (unit->kind == UNIT_SLAB) return unit->block_bytes;
    if (unit->kind == UNIT_MEDIUM)
        return (size_t)granule_count(free_check_medium("malloc_usable_size", p)) << GRANULE_SHIFT;
    return (size_t)free_check_large("malloc_usable_size", p, unit)->count << UNIT_SHIFT;
}
