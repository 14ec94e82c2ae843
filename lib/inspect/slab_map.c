/* Which blocks of a slab are free. */
/* SPDX-License-Identifier: MIT */
#include "inspect/slab_map.h"

INLINE bool lies_in(const struct unit *slab, const struct block *block) {
    return ((uintptr_t)block ^ (uintptr_t)slab->memory) >> UNIT_SHIFT == 0;
}

/* Enter a block. False: it is not the slab's, was entered before, or does not look free. */
static bool map_enter(struct slab_map *map, const struct unit *slab, const struct block *block) {
    if (!lies_in(slab, block) || !slab_is_block(slab, block)) return false;
    uint32_t index = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1)) / slab->block_bytes;
    if (slab_map_has(map, index) || !block_is_free(block, heap_secret())) return false;
    map->free[index / 64] |= UINT64_C(1) << index % 64;
    return true;
}

/* Enter the blocks of a list, or of the bin of `heap`, at most `most`; returns how many, or more than the slab has when
 * one of them is wrong. */
static uint32_t enter_list(struct slab_map *map, const struct unit *slab, const struct block *block, uint32_t most,
                           const struct heap *heap) {
    enum { WRONG = UNIT_BYTES };
    uint32_t count = 0;
    for (; (block = inspect_own(heap, slab->class, block)) != BLOCK_END && count < most; block = block->next, count++) {
        if (!map_enter(map, slab, block)) return WRONG;
    }
    return count;
}

static const struct block *first_remote(const struct unit *slab, uint32_t word) {
    return (const struct block *)(slab->memory + (word & REMOTE_OFFSET_MASK));
}

/* Enter the slab's blocks in bins: those of the heap whose current slab it is, and adopted ones of any heap. */
static bool enter_binned(struct slab_map *map, const struct unit *slab) {
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (!heap_is_readable(heap)) continue;
        const struct block *adopted[ADOPTED_MAX];
        for (uint32_t i = inspect_adopted(adopted, heap, slab->class); i-- > 0;) {
            if (!lies_in(slab, adopted[i])) continue;
            if (!map_enter(map, slab, adopted[i])) return false;
            map->binned++;
        }
        if (heap->classes[slab->class].current == slab)
            map->binned += enter_list(map, slab, heap->bin[slab->class], UNIT_BYTES, heap);
    }
    return map->binned <= slab->resident_blocks;
}

COLD bool slab_map_fill(struct slab_map *map, const struct unit *slab) {
    *map = (struct slab_map){0};
    uint32_t word = load_acquire(slab->remote), kept = slab->resident_blocks;
    map->listed = enter_list(map, slab, slab->free, UNIT_BYTES, NULL);
    if (map->listed > kept) return false;
    map->remote = enter_list(map, slab, first_remote(slab, word), remote_count(word), NULL);
    if (map->remote > kept || map->remote != remote_count(word)) return false;
    return enter_binned(map, slab);
}

COLD uint32_t slab_blocks_kept(const struct unit *slab) {
    uint32_t purged = slab_purged_pages(slab), kept = 0;
    for (uint32_t i = 0; i < slab->carved_blocks; i++) kept += !slab_is_purged(purged, (size_t)i * slab->block_bytes);
    return kept;
}
