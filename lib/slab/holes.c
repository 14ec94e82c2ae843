/* Holes: pages of a slab that went back to the world. */
/* SPDX-License-Identifier: MIT */
#include "slab/holes.h"
#include "base/check.h"
#include "span/huge.h"
#include <heapalloc/port.h>

uint8_t holes_now;

/* Which blocks are in the slab's list; a bit each. */
struct marks {
    uint64_t free[UNIT_BYTES / BLOCK_ALIGN_BYTES / 64];
};

INLINE bool is_marked(const struct marks *marks, uint32_t index) {
    return marks->free[index / 64] >> index % 64 & 1;
}

static void mark_list(struct marks *marks, const struct unit *slab, uintptr_t secret) {
    uint32_t left = slab->kept_blocks - slab->used_blocks;
    for (struct block *block = slab->free; block != BLOCK_END; block = block->next) {
        bool here = ((uintptr_t)block ^ (uintptr_t)slab->memory) >> UNIT_SHIFT == 0;
        if (config_safety && unlikely(!here || left-- == 0 || !block_is_free(block, secret)))
            check_misuse("malloc", block, "was written to after it was freed: corrupted list");
        uint32_t index = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1)) / slab->block_bytes;
        marks->free[index / 64] |= UINT64_C(1) << index % 64;
    }
}

/* Pages that a used block touches; `begun`: pages that a block starts in. */
static uint32_t used_pages(const struct marks *marks, const struct unit *slab, uint32_t holes, uint32_t *begun) {
    uint32_t used = 0;
    for (uint32_t i = 0, at = 0; i < slab->carved_blocks; i++, at += slab->block_bytes) {
        uint32_t first = at / SLAB_CARVE_BYTES, last = (at + slab->block_bytes - 1) / SLAB_CARVE_BYTES;
        *begun |= 1u << first;
        if (!is_marked(marks, i) && !(holes >> first & 1)) used |= 1u << first | 1u << last;
    }
    return used;
}

/* List the marked blocks outside of holes anew, in the order of their addresses. */
static void relist(const struct marks *marks, struct unit *slab, uint32_t holes, uintptr_t secret) {
    struct block *list = BLOCK_END;
    uint32_t kept = slab->used_blocks;
    for (uint32_t i = slab->carved_blocks; i-- > 0;) {
        struct block *block = (struct block *)(slab->memory + (size_t)i * slab->block_bytes);
        if (!is_marked(marks, i) || slab_in_hole(holes, (uintptr_t)block & (UNIT_BYTES - 1))) continue;
        block_link(block, list, secret);
        list = block;
        kept++;
    }
    slab->free = list;
    slab->kept_blocks = (uint16_t)kept;
}

/* Returns the pages that did go back. */
static uint32_t purge_pages(const struct unit *slab, uint32_t pages) {
    uint32_t gone = 0;
    while (pages) {
        uint32_t from = (uint32_t)__builtin_ctz(pages), count = (uint32_t)__builtin_ctz(~(pages >> from));
        if (port_purge(slab->memory + from * SLAB_CARVE_BYTES, count * SLAB_CARVE_BYTES))
            gone |= ((1u << count) - 1) << from;
        pages &= pages + (1u << from);
    }
    return gone;
}

/* While a slab has holes frees into it take the slow path; slab_is_block() says why in this order. */
static void set_holes(struct unit *slab, uint32_t holes, uint32_t starts) {
    if (!holes) store_release(slab->starts, starts);
    store_release(slab->holes, (uint8_t)(holes | (slab->holes & ~HOLES_MASK)));
    if (holes) store_release(slab->starts, 0);
}

void holes_make(struct unit *slab, uintptr_t secret) {
    uint32_t free_bytes = (uint32_t)(slab->kept_blocks - slab->used_blocks) * slab->block_bytes;
    if (free_bytes < SLAB_CARVE_BYTES || port_page_bytes() > SLAB_CARVE_BYTES) return;
    if (huge_spares(slab->memory, free_bytes)) return;
    struct marks marks = {0};
    uint32_t holes = slab_holes(slab), begun = 0;
    mark_list(&marks, slab, secret);
    uint32_t touched = (1u << (slab->carved_blocks * slab->block_bytes + SLAB_CARVE_BYTES - 1) / SLAB_CARVE_BYTES) - 1;
    uint32_t idle = touched & ~used_pages(&marks, slab, holes, &begun) & ~holes;
    if (idle == 0) return;
    uint32_t starts = slab->starts;
    set_holes(slab, holes | (idle & begun), starts);
    slab->flags &= (uint8_t)~UNIT_CLEAN;
    uint32_t gone = purge_pages(slab, idle);
    if (gone != idle) set_holes(slab, holes | (gone & begun), starts); /* to be tried again */
    relist(&marks, slab, slab_holes(slab), secret);
}
