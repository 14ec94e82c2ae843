/* Slabs: small blocks without headers, of one size in each kilobyte. */
/* SPDX-License-Identifier: MIT */
#include "small.h"

_Static_assert(sizeof(struct slab) == 32, "one kilobyte holds 62 blocks of 16 bytes");

static void link_slab(struct small *heap, struct slab *slab) {
    struct slab **first = &heap->slabs[slab->bytes / 16];
    slab->prev = NULL;
    slab->next = *first;
    if (*first) (*first)->prev = slab;
    *first = slab;
    slab->listed = true;
}

static void unlink_slab(struct small *heap, struct slab *slab) {
    if (slab->next) slab->next->prev = slab->prev;
    *(slab->prev ? &slab->prev->next : &heap->slabs[slab->bytes / 16]) = slab->next;
    slab->listed = false;
}

static void flip_map(struct small *heap, struct slab *slab) {
    struct region *region = region_of(heap, slab);
    size_t bit = map_bit(region, slab);
    region->map[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static uint32_t capacity(const struct slab *slab) {
    return (SLAB_BYTES - (uint32_t)sizeof *slab) / slab->bytes;
}

/* The last 8 bytes hold the next block's header and do not belong to the slab. */
static struct slab *make(struct small *heap, size_t bytes) {
    struct head *head = block_take_aligned(heap, SLAB_BYTES, SLAB_BYTES);
    if (!head) return NULL;
    struct slab *slab = (struct slab *)node_of(head);
    *slab = (struct slab){.free = BLOCK_END, .bytes = (uint16_t)bytes};
    flip_map(heap, slab);
    link_slab(heap, slab);
    return slab;
}

void *slab_alloc(struct small *heap, size_t size) {
    size_t bytes = size == 0 ? 16 : round_up(size, 16);
    struct slab *slab = heap->slabs[bytes / 16];
    if (!slab) slab = make(heap, bytes);
    if (!slab) return NULL;
    struct block *block = slab->free;
    if (block == BLOCK_END) {
        block = (struct block *)((char *)(slab + 1) + (size_t)slab->carved++ * bytes);
    } else {
        if (!block_is_free(block, heap->secret))
            check_misuse("malloc", block, "was written to after it was freed: corrupted list");
        slab->free = block->next;
    }
    block_clear(block);
    if (++slab->used == capacity(slab)) unlink_slab(heap, slab);
    return block;
}

/* The last resort: a block of a larger class, so that nothing is refused that a larger request would get. */
void *slab_alloc_larger(struct small *heap, size_t size) {
    for (size_t class = (size + 15) / 16 + 1; class <= SLAB_CLASSES; ++class)
        if (heap->slabs[class]) return slab_alloc(heap, class * 16);
    return NULL;
}

struct slab *slab_checked(const struct small *heap, const char *function, const void *p) {
    struct slab *slab = slab_of(p);
    size_t offset = (size_t)((const char *)p - (char *)(slab + 1)), inside = offset % slab->bytes;
    if ((const char *)p < (char *)(slab + 1) || offset >= (size_t)slab->carved * slab->bytes)
        check_misuse(function, p, "is not ours");
    if (inside) check_interior(function, p, (const char *)p - inside, slab->bytes);
    if (block_is_free(p, heap->secret)) check_misuse(function, p, "is already free");
    return slab;
}

void slab_free(struct small *heap, void *p) {
    struct slab *slab = slab_checked(heap, "free", p);
    block_link(p, slab->free, heap->secret);
    slab->free = p;
    if (!slab->listed) link_slab(heap, slab);
    if (--slab->used > 0 || (!slab->next && !slab->prev)) return; /* keep the last one with room */
    unlink_slab(heap, slab);
    flip_map(heap, slab);
    block_give(heap, head_of(slab));
}

/* Give back the empty slabs that are kept for the next requests. */
void slabs_trim(struct small *heap) {
    for (size_t i = 1; i <= SLAB_CLASSES; i++) {
        for (struct slab *slab = heap->slabs[i], *next; slab; slab = next) {
            next = slab->next;
            if (slab->used > 0) continue;
            unlink_slab(heap, slab);
            flip_map(heap, slab);
            block_give(heap, head_of(slab));
        }
    }
}

void slab_each(const struct small *heap, struct slab *slab, void (*visit)(void *context, void *p), void *context) {
    for (uint32_t i = 0; i < slab->carved; i++) {
        struct block *block = (struct block *)((char *)(slab + 1) + (size_t)i * slab->bytes);
        if (!block_is_free(block, heap->secret)) visit(context, block);
    }
}
