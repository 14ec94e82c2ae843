/* Purged pages: pages of a slab that went back to the world. */
/* SPDX-License-Identifier: MIT */
#include "slab/purged_pages.h"
#include "base/check.h"
#include "span/huge.h"
#include <heapalloc/port.h>

uint8_t purged_now;

/* True when every block that touches the page has a key. */
NO_TSAN static bool is_page_free(const struct unit *slab, uint32_t page, uint32_t purged, uintptr_t secret) {
    uint32_t bytes = slab->block_bytes, i = page * SLAB_CARVE_BYTES / bytes, at = i * bytes;
    for (; i < slab->carved_blocks && at < (page + 1) * SLAB_CARVE_BYTES; i++, at += bytes) {
        const struct block *block = (const struct block *)(slab->memory + at);
        if (!slab_is_purged(purged, at) && block->key != block_key(block, block->next, secret)) return false;
    }
    return true;
}

/* False: each of these pages has a used block. The slab's list tells which blocks are free, but following it takes a
 * cache miss for each, and most slabs that wait have a used block near the start of every page. A block of a page is
 * not looked at: its program may have protected it. */
static bool may_be_idle(const struct unit *slab, uint32_t pages, uint32_t purged, uintptr_t secret) {
    debug_check(!(pages & ~(uint32_t)PURGED_MASK));
    if (!config_safety || config_valgrind || slab->block_bytes >= SLAB_CARVE_BYTES) return true;
    for (; pages; pages &= pages - 1)
        if (is_page_free(slab, (uint32_t)__builtin_ctz(pages), purged, secret)) return true;
    return false;
}

/* Which blocks are in the slab's list; a bit each. */
struct marks {
    uint64_t free[UNIT_BYTES / BLOCK_ALIGN_BYTES / 64];
};

INLINE bool is_marked(const struct marks *marks, uint32_t index) {
    return marks->free[index / 64] >> index % 64 & 1;
}

static void mark_list(struct marks *marks, const struct unit *slab, uintptr_t secret) {
    debug_check(slab->resident_blocks >= slab->used_blocks);
    uint32_t left = slab->resident_blocks - slab->used_blocks;
    for (struct block *block = slab->free; block != BLOCK_END; block = block->next) {
        bool here = ((uintptr_t)block ^ (uintptr_t)slab->memory) >> UNIT_SHIFT == 0;
        if (config_safety && unlikely(!here || left-- == 0 || !block_is_free(block, secret)))
            check_corrupted_list("malloc", block);
        uint32_t index = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1)) / slab->block_bytes;
        marks->free[index / 64] |= UINT64_C(1) << index % 64;
    }
}

/* Pages that a used block touches; `begun`: pages that a block starts in. */
static uint32_t used_pages(const struct marks *marks, const struct unit *slab, uint32_t purged, uint32_t *begun) {
    uint32_t used = 0;
    for (uint32_t i = 0, at = 0; i < slab->carved_blocks; i++, at += slab->block_bytes) {
        uint32_t first = at / SLAB_CARVE_BYTES, last = (at + slab->block_bytes - 1) / SLAB_CARVE_BYTES;
        *begun |= 1u << first;
        if (!is_marked(marks, i) && !(purged >> first & 1)) used |= 1u << first | 1u << last;
    }
    return used;
}

/* List the marked blocks outside of purged pages anew, in the order of their addresses. */
static void relist(const struct marks *marks, struct unit *slab, uint32_t purged, uintptr_t secret) {
    struct block *list = BLOCK_END;
    uint32_t kept = slab->used_blocks;
    for (uint32_t i = slab->carved_blocks; i-- > 0;) {
        struct block *block = (struct block *)(slab->memory + (size_t)i * slab->block_bytes);
        if (!is_marked(marks, i) || slab_is_purged(purged, (uintptr_t)block & (UNIT_BYTES - 1))) continue;
        block_link(block, list, secret);
        list = block;
        kept++;
    }
    slab->free = list;
    slab->resident_blocks = (uint16_t)kept;
}

/* Purge idle pages; returns those that the world took back. */
static uint32_t purge_idle(const struct unit *slab, uint32_t pages) {
    debug_check(!(pages & ~(uint32_t)PURGED_MASK));
    uint32_t gone = 0;
    while (pages) {
        uint32_t from = (uint32_t)__builtin_ctz(pages), count = (uint32_t)__builtin_ctz(~(pages >> from));
        if (port_purge(slab->memory + from * SLAB_CARVE_BYTES, count * SLAB_CARVE_BYTES))
            gone |= ((1u << count) - 1) << from;
        pages &= pages + (1u << from);
    }
    return gone;
}

/* Set the purged pages, and start_limit to 0 while there are any, so that frees take the slow path; slab_is_block()
 * relies on this order. */
STARTUP_TEXT static void set_purged(struct unit *slab, uint32_t purged, uint32_t starts) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(!(purged & ~(uint32_t)PURGED_MASK));
    if (!purged) store_release(slab->start_limit, starts);
    store_release(slab->purged_pages, (uint8_t)(purged | (slab->purged_pages & ~PURGED_MASK)));
    if (purged) store_release(slab->start_limit, 0);
}

STARTUP_TEXT void purged_make(struct unit *slab, uintptr_t secret) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & UNIT_ATTACHED));
    uint32_t free_bytes = (uint32_t)(slab->resident_blocks - slab->used_blocks) * slab->block_bytes;
    if (free_bytes < SLAB_CARVE_BYTES || port_page_bytes() > SLAB_CARVE_BYTES) return;
    if (huge_spares(slab->memory, free_bytes)) return;
    uint32_t purged = slab_purged_pages(slab), begun = 0;
    uint32_t touched = (1u << (slab->carved_blocks * slab->block_bytes + SLAB_CARVE_BYTES - 1) / SLAB_CARVE_BYTES) - 1;
    if (!may_be_idle(slab, touched & ~purged, purged, secret)) return;
    struct marks marks = {0};
    mark_list(&marks, slab, secret);
    uint32_t idle = touched & ~used_pages(&marks, slab, purged, &begun) & ~purged;
    if (idle == 0) return;
    uint32_t starts = slab->start_limit;
    set_purged(slab, purged | (idle & begun), starts);
    slab->flags &= (uint8_t)~UNIT_CLEAN;
    uint32_t gone = purge_idle(slab, idle);
    if (gone != idle) set_purged(slab, purged | (gone & begun), starts); /* to be tried again */
    relist(&marks, slab, slab_purged_pages(slab), secret);
}
