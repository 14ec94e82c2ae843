/* Giving up slabs that a heap owns. */
/* SPDX-License-Identifier: MIT */
#include "heap/abandon.h"
#include "heap/abandoned.h"
#include "heap/partial.h"

STARTUP_TEXT void abandon_slab(struct unit *slab) {
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    do {
        owner_collect(slab, heap_secret());
        if (slab->used_blocks == 0) {
            slab_give(slab, heap_secret());
            return;
        }
    } while (slab->free != BLOCK_END || slab_uncarved(slab) > 0 ? !abandoned_put(slab) : !owner_leave_full(slab));
}

/* All of them under one hold of the abandoned list's lock. */
STARTUP_TEXT void abandon_partial(struct heap *heap, uint32_t class, uint32_t count) {
    debug_check(count <= heap->classes[class].partial.count);
    struct unit *first = NULL, **end = &first;
    for (uint32_t i = 0; i < count; i++) {
        struct unit *slab = heap->classes[class].partial.first;
        if (config_bounded && slab->flags & UNIT_EMPTY) break;
        partial_remove(heap, slab);
        if (!config_bounded) owner_collect(slab, heap->secret); /* else they go with it */
        if (!config_bounded && slab->used_blocks == 0) {
            slab_give(slab, heap->secret);
            continue;
        }
        *end = slab;
        end = &slab->next;
    }
    abandoned_put_all(class, first);
}
