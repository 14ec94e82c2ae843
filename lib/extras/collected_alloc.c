/* Collected arenas: blocks, and collections that are due before one. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "heap/fast.h"

enum { COLLECT_BYTES_MIN = 1 << 20 };

/* The free bits of a word; those beyond the last block count as used. */
static uint64_t free_bits(const struct collected_slab *slab, uint32_t word) {
    uint64_t free = ~slab->bits[word];
    uint32_t left = slab->count - word * 64;
    return left < 64 ? free & ((UINT64_C(1) << left) - 1) : free;
}

/* Take a free block of the slab, which is black while a collection goes on. NULL: there is none. */
static void *take_block(struct heapalloc_collected *collected, struct collected_slab *slab) {
    uint64_t free = 0;
    while (slab->cursor < slab->words && !(free = free_bits(slab, slab->cursor))) slab->cursor++;
    if (!free) return NULL;
    uint64_t bit = free & -free;
    slab->bits[slab->cursor] |= bit;
    if (collected->state != COLLECTED_RESTING) slab_marks(slab)[slab->cursor] |= bit;
    slab->used_count++;
    collected->used_bytes += slab->block_bytes;
    collected->used_blocks++;
    collected->since_bytes += slab->block_bytes;
    return slab->memory + (slab->cursor * 64u + (size_t)__builtin_ctzll(bit)) * slab->block_bytes;
}

static void *take_small(struct heapalloc_collected *collected, size_t class, enum collected_content content) {
    struct collected_slab **open = &collected->open[content][class];
    for (void *p; *open; *open = (*open)->next_open)
        if ((p = take_block(collected, *open))) return p;
    struct collected_slab *slab = collected_add(collected, class, 0, content);
    if (!slab) return NULL;
    slab_open(collected, slab);
    return take_block(collected, slab);
}

/* Take a block and clear the whole of it, not only the requested bytes, because all of it is scanned. */
static void *collected_take(struct heapalloc_collected *collected, size_t bytes, enum collected_content content) {
    if (bytes <= CLASS_BYTES_MAX) {
        size_t class = class_of(bytes + (bytes == 0));
        void *p = take_small(collected, class, content);
        return p ? memset(p, 0, class_shapes[class].block_bytes) : NULL;
    }
    struct collected_slab *slab = collected_add(collected, 0, bytes, content);
    if (!slab) return NULL;
    if (!(slab->unit->flags & UNIT_CLEAN)) memset(slab->memory, 0, slab->block_bytes);
    return take_block(collected, slab);
}

/* True when more was allocated since the last collection than growth_percent of what that left, and than 1 MiB. */
static bool is_due(const struct heapalloc_collected *collected) {
    size_t growth = collected->options.growth_percent, most = collected->last_bytes / 100 * growth;
    return growth > 0 && collected->since_bytes > max_size(most, COLLECT_BYTES_MIN) && !collected->in_finals;
}

static void *alloc(struct heapalloc_collected *collected, size_t bytes, enum collected_content content) {
    if (bytes > ALLOC_BYTES_MAX - UNIT_BYTES) return NULL;
    if (is_due(collected)) heapalloc_collected_collect(collected);
    void *p = collected_take(collected, bytes, content);
    if (!p && collected->options.growth_percent > 0 && !collected->in_finals) {
        heapalloc_collected_collect(collected);
        p = collected_take(collected, bytes, content);
    }
    return p;
}

NOINLINE void *heapalloc_collected_alloc(struct heapalloc_collected *collected, size_t bytes) {
    collected_enter("heapalloc_collected_alloc", collected);
    return alloc(collected, bytes, CONTENT_ANY);
}

NOINLINE void *heapalloc_collected_alloc_plain(struct heapalloc_collected *collected, size_t bytes) {
    collected_enter("heapalloc_collected_alloc_plain", collected);
    return alloc(collected, bytes, CONTENT_PLAIN);
}
