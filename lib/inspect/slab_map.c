/* Which blocks of a slab are free. */
#include "inspect/slab_map.h"

/* Enter a list's blocks, at most `most`; returns how many, or more than the slab has when one of them is wrong. */
static uint32_t enter(struct slab_map *map, const struct unit *slab, const struct block *block, uint32_t most) {
    enum { WRONG = UNIT_BYTES };
    uint32_t count = 0;
    for (; block != BLOCK_END && count < most; block = block->next, count++) {
        if (((uintptr_t)block ^ (uintptr_t)slab->memory) >> UNIT_SHIFT || !slab_is_block(slab, block)) return WRONG;
        uint32_t index = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1)) / slab->block_bytes;
        if (slab_map_has(map, index) || !block_is_free(block, heap_secret())) return WRONG;
        map->free[index / 64] |= UINT64_C(1) << index % 64;
    }
    return count;
}

static const struct block *first_remote(const struct unit *slab, uint32_t word) {
    return (const struct block *)(slab->memory + (word & REMOTE_OFFSET_MASK));
}

static const struct block *first_binned(const struct unit *slab) {
    const struct heap *owner = slab->owner;
    bool is_current = owner && heap_is_readable(owner) && owner->current[slab->class] == slab;
    return is_current ? owner->bin[slab->class] : BLOCK_END;
}

bool slab_map_fill(struct slab_map *map, const struct unit *slab) {
    *map = (struct slab_map){0};
    uint32_t word = load_acquire(slab->remote), kept = slab->kept_blocks;
    map->listed = enter(map, slab, slab->free, UNIT_BYTES);
    if (map->listed > kept) return false;
    map->remote = enter(map, slab, first_remote(slab, word), remote_count(word));
    if (map->remote > kept || map->remote != remote_count(word)) return false;
    map->binned = enter(map, slab, first_binned(slab), UNIT_BYTES);
    return map->binned <= kept;
}

uint32_t slab_blocks_kept(const struct unit *slab) {
    uint32_t holes = slab_holes(slab), kept = 0;
    for (uint32_t i = 0; i < slab->carved_blocks; i++) kept += !slab_in_hole(holes, (size_t)i * slab->block_bytes);
    return kept;
}
