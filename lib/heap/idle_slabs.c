/* Slabs that nobody has needed for a while: taken apart, or given up. */
/* SPDX-License-Identifier: MIT */
#include "heap/idle_slabs.h"
#include "heap/abandon.h"
#include "heap/abandoned.h"
#include "heap/available.h"
#include "heap/partial.h"
#include "slab/purged_pages.h"
#include "span/purge.h"

/* Give back the current slab of a class, whose bin is flushed, when it has no used block. */
STARTUP_TEXT void idle_slabs_current(struct heap *heap, uint32_t class) {
    debug_check(heap->state == HEAP_LIVE && class < CLASS_COUNT);
    struct size_class *of = &heap->classes[class];
    struct unit *slab = of->current;
    if (!slab || of->attached) return;
    owner_collect(slab, heap->secret);
    if (slab->used_blocks > 0) return;
    of->current = NULL;
    scavenge_forget(heap, slab);
    available_note(heap, class);
    slab_give(slab, heap->secret);
}

/* Empty a slab that the caller alone has: collect its remote blocks, and give it back, or purge its free pages. False:
 * it is given back. */
static bool give_or_purge(struct unit *slab, uintptr_t secret) {
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_PARTIAL | UNIT_ATTACHED)));
    owner_collect(slab, secret);
    if (slab->used_blocks > 0) {
        if (purge_decay_ms != PURGE_NEVER) purged_make(slab, secret);
        return true;
    }
    slab_give(slab, secret);
    return false;
}

/* Tidy partial slabs that have waited for `age`. What this heap has not needed for so long goes to the abandoned slabs,
 * where another heap may need it; abandoned slabs go to the end of their queue. */
STARTUP_TEXT uint32_t idle_slabs_partial(struct heap *heap, uint8_t age, uint32_t most) {
    debug_check(heap->state == HEAP_LIVE);
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        const struct slab_queue *queue = &heap->classes[class].partial;
        const struct unit *last = queue->last;
        for (struct unit *slab = NULL; most > 0 && slab != last; most--) {
            slab = queue->first;
            if (purged_age(slab) < age) break;
            partial_remove(heap, slab);
            if (!give_or_purge(slab, heap->secret)) continue;
            if (load_relaxed(heaps.threaded))
                abandon_slab(slab);
            else
                partial_add(heap, slab);
        }
    }
    return most;
}

STARTUP_TEXT uint32_t idle_slabs_abandoned(uint8_t age, uint32_t most) {
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        const struct unit *last = load_relaxed(abandoned[class].queue.last);
        for (struct unit *slab = NULL; most > 0 && slab != last; most--) {
            slab = abandoned_take_aged(class, age);
            if (!slab) break;
            if (give_or_purge(slab, heap_secret())) abandon_slab(slab);
        }
    }
    return most;
}
