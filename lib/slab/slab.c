/* A slab: one unit cut into equal blocks. */
/* SPDX-License-Identifier: MIT */
#include "slab/slab.h"
#include "base/check.h"
#include "base/probe.h"
#include "base/valgrind.h"
#include "span/prefault.h"
#include "span/units.h"

STARTUP_TEXT struct unit *slab_take(uint32_t class, struct heap *owner) {
    debug_check(class > 0 && class < CLASS_COUNT);
    struct unit *slab = units_take(1, UNIT_LEAVING);
    if (unlikely(!slab)) return NULL;
    prefault_pass(slab, 1);
    valgrind_take(slab->memory, UNIT_BYTES);
    const struct class_shape *shape = &class_shapes[class];
    slab->free = BLOCK_END;
    slab->used_blocks = slab->resident_blocks = 0;
    slab->recip = shape->recip;
    slab->start_limit = 0;
    slab->next = slab->prev = NULL;
    slab->carved_blocks = 0;
    slab->purged_pages = 0;
    slab->class = (uint8_t) class;
    store_relaxed(slab->remote, REMOTE_OWNED);
    store_relaxed(slab->block_bytes, shape->block_bytes);
    store_relaxed(slab->kind, UNIT_SLAB);
    store_relaxed(slab->owner, owner);
    PROBE_2(slab_take, shape->block_bytes, slab->memory);
    return slab;
}

/* No branch per block, because slabs come and go often. */
STARTUP_TEXT NOINLINE bool slab_is_free(const struct unit *slab, uint32_t from, uint32_t to, uintptr_t secret) {
    debug_check(from <= to && to <= slab->carved_blocks);
    const char *at = slab->memory + (size_t)from * slab->block_bytes,
               *end = slab->memory + (size_t)to * slab->block_bytes;
    uintptr_t wrong = 0;
    for (; at < end; at += slab->block_bytes) {
        const struct block *block = (const struct block *)at;
        wrong |= block->key ^ block_key(block, block->next, secret);
    }
    return wrong == 0;
}

/* The same for a slab with purged pages: its list has all resident blocks. */
static bool is_all_listed(const struct unit *slab, uintptr_t secret) {
    uint32_t left = slab->resident_blocks;
    const struct block *block = slab->free;
    for (; left > 0 && block_is_free(block, secret); block = block->next) left--;
    return left == 0 && block == BLOCK_END;
}

_Noreturn COLD void slab_misused(const struct unit *slab, uintptr_t secret) {
    uint32_t count = 0;
    for (struct block *b = slab->free; b != BLOCK_END && count <= slab->resident_blocks; b = b->next, count++) {
        if (((uintptr_t)b ^ (uintptr_t)slab->memory) >> UNIT_SHIFT || !block_is_free(b, secret))
            check_corrupted_list("malloc", b);
    }
    check_already_free("free", slab->memory);
}

STARTUP_TEXT void slab_give(struct unit *slab, uintptr_t secret) {
    debug_check(slab->kind == UNIT_SLAB && load_relaxed(slab->remote) == REMOTE_OWNED);
    debug_check(slab->used_blocks == 0);
    bool whole = !config_safety || (slab_purged_pages(slab) ? is_all_listed(slab, secret)
                                                            : slab_is_free(slab, 0, slab->carved_blocks, secret));
    if (unlikely(!whole)) slab_misused(slab, secret);
    slab_give_checked(slab);
}

STARTUP_TEXT void slab_give_checked(struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && load_relaxed(slab->remote) == REMOTE_OWNED);
    PROBE_2(slab_give, slab->block_bytes, slab->memory);
    store_relaxed(slab->owner, NULL);
    store_relaxed(slab->kind, UNIT_LEAVING);
    store_relaxed(slab->block_bytes, 0);
    slab->count = 1;
    slab->flags = 0;
    units_give(slab);
}

/* Make a list of the blocks [from, to). */
static struct block *link_blocks(struct unit *slab, uint32_t from, uint32_t to, uintptr_t secret) {
    debug_check(from < to && to <= class_shapes[slab->class].capacity_blocks);
    uint32_t bytes = slab->block_bytes;
    char *at = slab->memory + (size_t)from * bytes, *last = slab->memory + (size_t)(to - 1) * bytes;
    struct block *first = (struct block *)at;
    for (; at < last; at += bytes) block_link((struct block *)at, (struct block *)(at + bytes), secret);
    block_link((struct block *)last, BLOCK_END, secret);
    slab->resident_blocks += (uint16_t)(to - from);
    return first;
}

INLINE uint32_t starts_of(const struct unit *slab) {
    return slab->carved_blocks * class_start_step(&class_shapes[slab->class]);
}

/* Carve the first purged page again. It counts as purged until its blocks are linked: a fork may come at any step. */
STARTUP_TEXT static NOINLINE struct block *carve_purged(struct unit *slab, uintptr_t secret) {
    debug_check(slab_purged_pages(slab) != 0);
    uint32_t page = (uint32_t)__builtin_ctz(slab_purged_pages(slab)), bytes = slab->block_bytes;
    uint32_t from = (page * SLAB_CARVE_BYTES + bytes - 1) / bytes;
    uint32_t to = ((page + 1) * SLAB_CARVE_BYTES + bytes - 1) / bytes;
    if (to > slab->carved_blocks) to = slab->carved_blocks;
    struct block *first = link_blocks(slab, from, to, secret);
    uint8_t purged = slab->purged_pages & (uint8_t) ~(1 << page);
    if ((purged & PURGED_MASK) == 0 && !(slab->flags & UNIT_SAMPLED)) store_release(slab->start_limit, starts_of(slab));
    store_release(slab->purged_pages, purged);
    return first;
}

STARTUP_TEXT struct block *slab_carve(struct unit *slab, uintptr_t secret) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(slab->kind == UNIT_SLAB && slab_uncarved(slab) > 0);
    if (!config_bounded && unlikely(slab_purged_pages(slab))) return carve_purged(slab, secret);
    uint32_t from = slab->carved_blocks, capacity = class_shapes[slab->class].capacity_blocks;
    uint32_t to = slab_carve_to(from, slab->block_bytes);
    bool all = !config_bounded && slab->block_bytes >= CARVE_ALL_BYTES && !(slab->flags & UNIT_CLEAN);
    if (all || to > capacity) to = capacity;
    struct block *first = link_blocks(slab, from, to, secret);
    slab->carved_blocks = (uint16_t)to;
    if (!(slab->flags & UNIT_SAMPLED))
        store_relaxed(slab->start_limit, starts_of(slab)); /* other threads' frees read it */
    return first;
}

/* What a thread that frees a block reads of its slab, whoever owns that: the slab has carved the block before anybody
 * could free it, and keeps the flag while the block is sampled. */
NO_TSAN static uint32_t starts_seen(const struct unit *slab) {
    return slab->carved_blocks * (slab->recip * slab->block_bytes);
}
NO_TSAN static bool is_seen_sampled(const struct unit *slab) {
    return slab->flags & UNIT_SAMPLED;
}

/* The owner sets purged_pages before it clears start_limit, and sets start_limit before it clears purged_pages. Who
 * reads both as zero came in between, which happens once in a decay time: look again. */
STARTUP_TEXT bool slab_is_block(const struct unit *slab, const void *p) {
    uint32_t offset = (uint32_t)((uintptr_t)p & (UNIT_BYTES - 1));
    for (int look = 0; look < 3; look++) {
        if (likely(slab_is_start(slab, p))) return true;
        uint32_t purged = slab_purged_pages(slab);
        if (purged) return !slab_is_purged(purged, offset) && offset * slab->recip < starts_seen(slab);
        if (load_acquire(slab->start_limit) != 0) break;
        if (is_seen_sampled(slab) && offset * slab->recip < starts_seen(slab)) return true;
    }
    return slab_is_start(slab, p);
}

void slab_sample(struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && load_relaxed(slab->remote) & REMOTE_OWNED);
    if (slab->flags & UNIT_SAMPLED) return;
    store_relaxed(slab->flags, slab->flags | UNIT_SAMPLED);
    store_release(slab->start_limit, 0);
}

void slab_sample_end(struct unit *slab) {
    debug_check(slab->flags & UNIT_SAMPLED && load_relaxed(slab->remote) & REMOTE_OWNED);
    if (slab_purged_pages(slab) == 0) store_release(slab->start_limit, starts_of(slab));
    store_release(slab->flags, slab->flags & (uint8_t)~UNIT_SAMPLED);
}
