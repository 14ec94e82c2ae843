/* Collected arenas: made, collected at once or step by step, and destroyed. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "heap/fast.h"
#include "heap/named.h"

enum { ROOT_SCANS_MAX = 8 };

static const size_t STACK_BYTES_MAX = (size_t)4 << 30;

static bool collected_are_right(const struct heapalloc_collected_options *options, const void *stack_base) {
    unsigned precise = options->flags & HEAPALLOC_COLLECTED_PRECISE;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), base = (uintptr_t)stack_base;
    bool has_stack = base > here && base - here <= STACK_BYTES_MAX;
    return options->flags == precise && (precise ? options->trace_roots != NULL : has_stack);
}

struct heapalloc_collected *collected_create(const struct heapalloc_collected_options *options,
                                             const void *stack_base) {
    if (!collected_are_right(options, stack_base)) return NULL;
    struct heapalloc_collected *collected = entry_zeroed(sizeof(*collected));
    if (!collected) return NULL;
    collected->object.place = object_place(collected, OBJECT_COLLECTED);
    collected->options = *options;
    collected->stack_base = stack_base;
    collected->thread = &heap_self;
    collected->lowest = UINTPTR_MAX;
    if (options->name) collected->named = named_add(collected, options->name, NAMED_COLLECTED);
    return collected;
}

static void clear_marks(struct heapalloc_collected *collected) {
    for (struct collected_slab *slab = collected->all; slab; slab = slab->next)
        memset(slab_marks(slab), 0, slab->words * sizeof(uint64_t));
}

static void collected_begin(struct heapalloc_collected *collected) {
    clear_marks(collected);
    collected->state = COLLECTED_MARKING;
    collected->root_scans = 0;
    collected->freed_bytes = 0;
    collected->grey.count = 0;
    collected->grey.overflowed = false;
    collected_look_at_roots(collected);
}

/* Begin to sweep, as all blocks that can be reached are black. Slabs serve again once they are swept. */
static void end_marking(struct heapalloc_collected *collected) {
    collected_part(collected);
    memset(collected->open, 0, sizeof(collected->open));
    collected->sweep_at = &collected->all;
    collected->state = COLLECTED_SWEEPING;
}

/* Mark within the budget. Roots may have changed since they were scanned, so the step that ends the marking scans them
 * again. The last of ROOT_SCANS_MAX such scans has no budget, because there may always be more than that allows. */
static size_t mark_some(struct heapalloc_collected *collected, size_t budget) {
    size_t left = collected_drain(collected, budget);
    if (left == 0) return 0;
    collected_look_at_roots(collected);
    left = collected_drain(collected, ++collected->root_scans < ROOT_SCANS_MAX ? left : SIZE_MAX);
    if (collected->grey.count > 0) return 0;
    end_marking(collected);
    return left;
}

static void rest(struct heapalloc_collected *collected) {
    collected->state = COLLECTED_RESTING;
    collected->since_bytes = 0;
    collected->last_bytes = collected->used_bytes;
    collected->collection_count++;
}

static bool step(struct heapalloc_collected *collected, size_t budget) {
    if (collected->state == COLLECTED_RESTING) collected_begin(collected);
    if (collected->state == COLLECTED_MARKING) budget = mark_some(collected, budget);
    if (collected->state != COLLECTED_SWEEPING || !collected_sweep(collected, budget)) return false;
    rest(collected);
    return true;
}

/* Note that the calling thread collects, and return who did before, for leave(): a finaliser may collect. */
static const void *enter(const char *function, struct heapalloc_collected *collected) {
    collected_enter(function, collected);
    const void *before = load_relaxed(collected->collector);
    if (before && before != &heap_self) check_misuse(function, collected, "is used while another thread collects it");
    store_relaxed(collected->collector, &heap_self);
    return before;
}

static void leave(struct heapalloc_collected *collected, const void *before) {
    store_relaxed(collected->collector, before);
}

bool heapalloc_collected_step(struct heapalloc_collected *collected, size_t budget_bytes) {
    const void *before = enter("heapalloc_collected_step", collected);
    bool done = collected->ends || step(collected, budget_bytes + (budget_bytes == 0));
    if (done) collected_finish(collected);
    leave(collected, before);
    return done;
}

static size_t collect(struct heapalloc_collected *collected) {
    size_t freed = 0;
    if (collected->state != COLLECTED_RESTING) {
        while (!step(collected, SIZE_MAX)) {
        }
        freed = collected->freed_bytes;
    }
    while (!step(collected, SIZE_MAX)) {
    }
    return freed + collected->freed_bytes;
}

size_t heapalloc_collected_collect(struct heapalloc_collected *collected) {
    const void *before = enter("heapalloc_collected_collect", collected);
    size_t freed = collected->ends ? 0 : collect(collected);
    collected_finish(collected);
    leave(collected, before);
    return freed;
}

/* Call every finaliser while all blocks are still there. One may add another. */
static void run_all_finals(struct heapalloc_collected *collected) {
    collected->in_finals = false;
    collected_finish(collected);
    collected->in_finals = true;
    while (collected->finals.count > 0) {
        struct collected_final final = collected->finals.list[--collected->finals.count];
        final.function(final.block, final.argument);
    }
}

static void free_if(void *p) {
    if (p) entry_free(p, heap_self);
}

/* The arena becomes the calling thread's, whose finalisers may allocate. It collects no more: the stack of another
 * thread would be scanned, and all blocks are freed anyway. */
static void take_over(struct heapalloc_collected *collected) {
    const void *collector = load_relaxed(collected->collector);
    if (collector)
        check_misuse("heapalloc_collected_destroy", collected,
                     collector == &heap_self ? "is destroyed by a function that it calls"
                                             : "is destroyed while another thread collects it");
    store_relaxed(collected->collector, &heap_self);
    collected->thread = &heap_self;
    collected->ends = true;
}

void heapalloc_collected_destroy(struct heapalloc_collected *collected) {
    if (!collected) return;
    collected_check("heapalloc_collected_destroy", collected);
    take_over(collected);
    collected_end_weak(collected);
    run_all_finals(collected);
    collected_end_weak(collected); /* finalisers may have made some */
    named_remove(collected->named);
    collected->object.place = 0;
    for (struct collected_slab *slab; (slab = collected->all);) {
        collected->all = slab->next;
        collected_give(collected, slab);
    }
    address_end(&collected->slabs);
    address_end(&collected->weak);
    free_if(collected->grey.ranges);
    free_if(collected->roots);
    free_if(collected->finals.list);
    free_if(collected->ready.list);
    entry_free(collected, heap_self);
}

void heapalloc_collected_stats(struct heapalloc_collected *collected, struct heapalloc_collected_stats *stats) {
    collected_enter("heapalloc_collected_stats", collected);
    check_place("heapalloc_collected_stats", stats, struct heapalloc_collected_stats, "is no place for statistics");
    *stats = (struct heapalloc_collected_stats){.name = collected->options.name,
                                                .used_bytes = collected->used_bytes,
                                                .used_blocks = collected->used_blocks,
                                                .reserved_bytes = collected->reserved_bytes,
                                                .collection_count = collected->collection_count};
}
