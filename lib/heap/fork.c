/* fork. */
#include "heap/fork.h"
#include "base/cpu.h"
#include "heap/cache.h"
#include "heap/late.h"
#include "heap/orphans.h"
#include "span/emergency.h"
#include "span/grow.h"
#include "span/units.h"

enum { SALVAGE_LINES = 256 };

static bool frozen;
static uint32_t salvage_at; /* unit of the home span that was looked at last */

/* The owner of a slab while its blocks are counted: lost, and so nobody's. */
static struct heap salvaging;

/* The owner of a slab whose counting a further fork cut short. */
static struct heap unfinished;

/* The orphans' locks stand between them. While there is one heap, nobody else can be at those. */
static struct lock *const outer[] = {&late_lock, &heaps.lock}, *const inner[] = {&medium.lock, &grow_gate, &units.lock};
enum { OUTER_LOCKS = sizeof(outer) / sizeof(outer[0]), INNER_LOCKS = sizeof(inner) / sizeof(inner[0]) };

void fork_prepare(void) {
    if (load_relaxed(heaps.threaded)) emergency_open();
    for (int i = 0; i < OUTER_LOCKS; i++) lock_freeze(outer[i]);
    if (load_relaxed(heaps.threaded)) orphans_freeze();
    for (int i = 0; i < INNER_LOCKS; i++) lock_freeze(inner[i]);
    frozen = true;
}

static void thaw(void) {
    frozen = false; /* first: once thawed, another thread's fork may set it */
    for (int i = INNER_LOCKS; i-- > 0;) lock_thaw(inner[i]);
    if (load_relaxed(heaps.threaded)) orphans_thaw();
    for (int i = OUTER_LOCKS; i-- > 0;) lock_thaw(outer[i]);
    emergency_close();
}

void fork_parent(void) {
    if (frozen) thaw();
}

/* The cached blocks of a lost heap. Its lists may be torn; a block's own slot says whether it is cached. */
static void salvage_cache(struct heap *heap) {
    for (uint32_t count = MEDIUM_GRANULES_MIN; count <= CACHE_GRANULES_MAX; count++) {
        char *p = heap->cache[count];
        while (p && span_of(p) == &span_home) {
            struct granule *slot = span_slot(&span_home, p);
            if (slot->head != (count | GRANULE_CACHED)) break;
            p = *cache_link(slot);
            store_relaxed(*cache_link(slot), NULL);
            medium_give(slot);
        }
    }
    if (heap->recent_medium && granule_state(heap->recent_medium) == GRANULE_CACHED) medium_give(heap->recent_medium);
    if (heap->recent_large && heap->recent_large->kind == UNIT_LEAVING) units_give(heap->recent_large);
}

/* A thread that was counting a slab is not in this child: nobody would ever finish. Only where a child forks again. */
static void lose_salvaged(struct span *span) {
    for (uint32_t i = 0; i < span->top_units; i++)
        if (span->lines[i].owner == &salvaging) span->lines[i].owner = &unfinished;
}

void fork_child(void) {
    if (!frozen) return;
    lock_thaw(&emergency_lock);
    thaw();
    salvage_at = 0;
    salvaging.state = unfinished.state = HEAP_LOST;
    if (heaps.lost > 0) {
        lose_salvaged(&span_home);
        for (uint32_t i = 0; i < span_count; i++)
            if (span_list[i]) lose_salvaged(span_list[i]);
    }
    for (struct heap *heap = heaps.all; heap; heap = heap->next_all) {
        if (heap == heap_self || heap->state != HEAP_LIVE || late_owns(heap)) continue;
        heap->state = HEAP_LOST;
        heaps.lost++;
        salvage_cache(heap);
    }
    /* A guest has a key, and would count as free in the slab of a lost thread. */
    if (heaps.lost > 0 && heap_self->state == HEAP_LIVE) heap_spill(heap_self);
}

/* Count the slab's free blocks by their keys; what another thread had in hand counts as used. */
static void recount(struct unit *slab) {
    const struct class_shape *shape = &class_shapes[slab->class];
    uint32_t holes = slab_holes(slab), kept = slab->carved_blocks, used = 0;
    slab->free = BLOCK_END;
    for (uint32_t i = slab->carved_blocks; i-- > 0;) {
        struct block *block = (struct block *)(slab->memory + (size_t)i * shape->block_bytes);
        if (slab_in_hole(holes, (uintptr_t)block & (UNIT_BYTES - 1))) {
            kept--;
        } else if (config_safety && block_is_free(block, heap_secret())) {
            block_link(block, slab->free, heap_secret());
            slab->free = block;
        } else {
            used++;
        }
    }
    slab->kept_blocks = (uint16_t)kept;
    slab->used_blocks = (uint16_t)used;
    racy_store(slab->starts, holes ? 0 : slab->carved_blocks * class_start_step(shape));
    slab->next = slab->prev = NULL;
    slab->flags = 0;
}

bool fork_salvage(struct unit *slab, struct heap *heap) {
    struct heap *owner = load_acquire(slab->owner);
    while (owner == &salvaging) {
        cpu_relax();
        owner = load_acquire(slab->owner);
    }
    if (!owner || owner->state != HEAP_LOST || !(load_relaxed(slab->remote) & REMOTE_OWNED)) return false;
    if (!cas(slab->owner, &owner, &salvaging)) return fork_salvage(slab, heap);
    swap_value(slab->remote, REMOTE_OWNED); /* those blocks are found by their keys */
    recount(slab);
    if (heap) {
        heap_wait(heap, slab);
        store_release(slab->owner, heap);
    }
    return true;
}

void fork_salvage_some(struct heap *heap) {
    uint32_t units_end = span_home.top_units;
    for (uint32_t i = 0; i < SALVAGE_LINES && salvage_at < units_end; i++) {
        uint32_t at = __atomic_fetch_add(&salvage_at, 1, __ATOMIC_RELAXED);
        if (at >= units_end) break;
        struct unit *slab = span_home.lines + at;
        if (racy_load(slab->kind) == UNIT_SLAB && fork_salvage(slab, heap) && slab->used_blocks == 0)
            heap_slab_empty(slab, heap);
    }
}
