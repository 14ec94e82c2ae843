/* Collected arenas: weak references, finalisers, and the sweep. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "heap/fast.h"

/* Clear a weak reference to a block that will be freed. False: it lies in such a block itself, and ends with that. */
static bool weak_stays(struct heapalloc_collected *collected, void **place) {
    size_t index;
    bool inside = collected_find(collected, (uintptr_t)place, &index);
    if (inside && !collected_is_marked(collected, place)) return false;
    bool dies = collected_find(collected, (uintptr_t)*place, &index) && !collected_is_marked(collected, *place);
    if (dies) *place = NULL;
    return true;
}

static void clear_weak(struct heapalloc_collected *collected) {
    struct address_map *weak = &collected->weak;
    for (size_t i = 0; weak->entries && i <= weak->mask;) {
        void **place = weak->entries[i].value;
        if (weak->entries[i].key == 0 || weak_stays(collected, place))
            i++;
        else
            address_remove(weak, (uintptr_t)place); /* another entry may be here now */
    }
}

void collected_end_weak(struct heapalloc_collected *collected) {
    const struct address_map *weak = &collected->weak;
    for (size_t i = 0; weak->entries && i <= weak->mask; i++) {
        size_t index;
        void **place = weak->entries[i].key ? weak->entries[i].value : NULL;
        if (place && collected_find(collected, (uintptr_t)*place, &index)) *place = NULL;
    }
}

static bool add_final(struct collected_finals *finals, struct collected_final final) {
    if (finals->count == finals->room && !collected_grow(&finals->list, &finals->room, sizeof(*finals->list)))
        return false;
    finals->list[finals->count++] = final;
    return true;
}

/* Make the finalisers of white blocks ready, and keep the blocks until these have run; without memory for that, until
 * the next collection. */
static void part_finals(struct heapalloc_collected *collected) {
    struct collected_finals *finals = &collected->finals;
    size_t first_ready = collected->ready.count, kept = 0;
    for (size_t i = 0; i < finals->count; i++) {
        struct collected_final final = finals->list[i];
        if (collected_is_marked(collected, final.block) || !add_final(&collected->ready, final))
            finals->list[kept++] = final;
    }
    finals->count = kept;
    for (size_t i = first_ready; i < collected->ready.count; i++)
        collected_mark(collected, (uintptr_t)collected->ready.list[i].block);
    for (size_t i = 0; i < kept; i++) collected_mark(collected, (uintptr_t)finals->list[i].block);
    collected_drain(collected, SIZE_MAX);
}

void collected_part(struct heapalloc_collected *collected) {
    clear_weak(collected);
    part_finals(collected);
}

/* Call the ready finalisers, each off the list first: it may allocate and collect, and the stack holds its block. */
void collected_finish(struct heapalloc_collected *collected) {
    if (collected->in_finals) return;
    collected->in_finals = true;
    while (collected->ready.count > 0) {
        struct collected_final final = collected->ready.list[--collected->ready.count];
        final.function(final.block, final.argument);
    }
    collected->in_finals = false;
}

/* Free the blocks of a slab that are not marked. */
static void sweep_slab(struct heapalloc_collected *collected, struct collected_slab *slab) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < slab->words; i++) {
        slab->bits[i] &= slab_marks(slab)[i];
        used += bits_set(slab->bits[i]);
    }
    uint32_t freed = slab->used_count - used;
    slab->used_count = used;
    collected->used_blocks -= freed;
    collected->used_bytes -= freed * slab->block_bytes;
    collected->freed_bytes += freed * slab->block_bytes;
}

bool collected_sweep(struct heapalloc_collected *collected, size_t budget) {
    struct collected_slab *slab;
    while ((slab = *collected->sweep_at)) {
        size_t bytes = slab->class ? UNIT_BYTES : slab->block_bytes;
        if (budget == 0) return false;
        budget = bytes < budget ? budget - bytes : 0;
        sweep_slab(collected, slab);
        if (slab->used_count == 0) {
            *collected->sweep_at = slab->next;
            collected_give(collected, slab);
            continue;
        }
        if (slab->class && slab->used_count < slab->count) slab_open(collected, slab);
        collected->sweep_at = &slab->next;
    }
    return true;
}

bool heapalloc_collected_weak(struct heapalloc_collected *collected, void **place) {
    collected_enter("heapalloc_collected_weak", collected);
    if (!place || !collected_can_read(collected, place, sizeof(*place)))
        check_misuse("heapalloc_collected_weak", place, "is no place of a reference");
    return address_set(&collected->weak, (uintptr_t)place, place);
}

void heapalloc_collected_unweak(struct heapalloc_collected *collected, void **place) {
    collected_enter("heapalloc_collected_unweak", collected);
    address_remove(&collected->weak, (uintptr_t)place);
}

bool heapalloc_collected_finalizer(struct heapalloc_collected *collected, void *block,
                                   void (*function)(void *block, void *argument), void *argument) {
    size_t index;
    collected_enter("heapalloc_collected_finalizer", collected);
    struct collected_slab *slab = collected_find(collected, (uintptr_t)block, &index);
    if (!slab || slab->memory + index * slab->block_bytes != (char *)block)
        check_misuse("heapalloc_collected_finalizer", block, "is no used block of this arena");
    if (!function) check_misuse("heapalloc_collected_finalizer", block, "is given a finaliser without a function");
    return add_final(&collected->finals, (struct collected_final){block, function, argument});
}
