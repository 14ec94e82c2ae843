/* A slab: one unit cut into equal blocks. */
#include "slab/slab.h"
#include "base/check.h"
#include "base/watch.h"
#include "span/units.h"

struct unit *slab_take(uint32_t class, struct heap *owner) {
    struct unit *slab = units_take(1, UNIT_LEAVING);
    if (unlikely(!slab)) return NULL;
    watch_take(slab->memory, UNIT_BYTES);
    const struct class_shape *shape = &class_shapes[class];
    slab->free = BLOCK_END;
    slab->used_blocks = 0;
    slab->recip = shape->recip;
    slab->starts = 0;
    slab->next = slab->prev = NULL;
    slab->carved_blocks = 0;
    slab->class = (uint8_t)class;
    store_relaxed(slab->remote, REMOTE_OWNED);
    racy_store(slab->block_bytes, shape->block_bytes);
    racy_store(slab->kind, UNIT_SLAB);
    racy_store(slab->owner, owner);
    return slab;
}

/* Every carved block has a key, so nobody has any of them. Without a branch a block: slabs come and go often. */
static bool is_all_free(const struct unit *slab, uintptr_t secret) {
    const char *at = slab->memory, *end = at + (size_t)slab->carved_blocks * slab->block_bytes;
    uintptr_t wrong = 0;
    for (; at < end; at += slab->block_bytes) {
        const struct block *block = (const struct block *)at;
        wrong |= block->key ^ block_key(block, block->next, secret);
    }
    return wrong == 0;
}

/* Says which block of a slab that counts as empty is none of its free ones. */
static _Noreturn COLD void account(const struct unit *slab, uintptr_t secret) {
    uint32_t count = 0;
    for (struct block *b = slab->free; b != BLOCK_END && count <= slab->carved_blocks; b = b->next, count++) {
        if (((uintptr_t)b ^ (uintptr_t)slab->memory) >> UNIT_SHIFT || !block_is_free(b, secret))
            check_misuse("malloc", b, "was written to after it was freed: corrupted list");
    }
    check_misuse("free", slab->memory, "is already free");
}

void slab_give(struct unit *slab, uintptr_t secret) {
    debug_check(slab->used_blocks == 0);
    if (config_safety && unlikely(!is_all_free(slab, secret))) account(slab, secret);
    racy_store(slab->owner, NULL);
    racy_store(slab->kind, UNIT_LEAVING);
    racy_store(slab->block_bytes, 0);
    slab->count = 1;
    slab->flags = 0;
    units_give(slab);
}

struct block *slab_carve(struct unit *slab, uintptr_t secret) {
    debug_check(slab_uncarved(slab) > 0);
    const struct class_shape *shape = &class_shapes[slab->class];
    uint32_t bytes = shape->block_bytes, from = slab->carved_blocks;
    uint32_t to = slab_carve_to(from, bytes);
    if (to > shape->capacity_blocks) to = shape->capacity_blocks;
    char *at = slab->memory + (size_t)from * bytes, *last = slab->memory + (size_t)(to - 1) * bytes;
    struct block *first = (struct block *)at;
    for (; at < last; at += bytes) block_link((struct block *)at, (struct block *)(at + bytes), secret);
    block_link((struct block *)last, BLOCK_END, secret);
    slab->carved_blocks = (uint16_t)to;
    if (to >= AMPLE_BLOCKS || to == shape->capacity_blocks) slab->flags |= UNIT_AMPLE;
    racy_store(slab->starts, to * class_start_step(shape)); /* whoever frees elsewhere looks at it */
    return first;
}
