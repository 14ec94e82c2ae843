/* Sampling: which allocations of a heap, chosen by bytes, are reported to a profiler, and which frees.
 *
 * Events lie along the bytes that a heap allocates, `rate` bytes apart on average, as a Poisson process; an allocation
 * that contains one is sampled. The sum of independent processes is one again, so each class has its own, and counts
 * its blocks when they go into the bin: at most those up to the next event. So malloc's fast path counts nothing.
 * Blocks come in when the bin is filled, and by frees: of these, as many are counted ahead as may come until a slow
 * path looks again, and those that did not come are taken off. Near an event frees go to their slab's own list instead.
 * An event behind the requested bytes, in the rest of the block, is ignored: a request of n bytes is sampled with
 * probability 1 - exp(-n / rate), whatever its class.
 *
 *   far   bin --> block --> block --> ...   <-- free
 *   near  bin --> block --> block --> (the next one has the event: the bin ends here)     free --> block --> ...
 *
 * A sampled block is marked, so that its free takes a slow path: a medium or large one in its slot or line, a small one
 * in its slab, all of whose frees are slow then. Source: the thinning and the sum of Poisson processes,
 * Kingman, Poisson Processes, 1993, sections 2.2 and 5.1. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/bin.h"

/* What may be recorded of the blocks of a unit: none, others than this one, or this one. */
enum sample_known { SAMPLE_NONE, SAMPLE_OTHERS, SAMPLE_THIS };

/* The profiler's functions; called without a lock. */
struct sample_hooks {
    bool (*taken)(void *p, size_t size);       /* false: it cannot record this one */
    bool (*freed)(const void *p);              /* true: it had recorded it */
    enum sample_known (*known)(const void *p); /* by the owner of the block's slab */
    void *(*serve)(void *p, size_t size);      /* NULL, or: frees the block and returns another, or returns it */
    void *(*apart)(void *p, size_t size);      /* the same for a small block that is about to be recorded */
};
extern const struct sample_hooks *sample_hooks __attribute__((visibility("hidden"))); /* NULL: there is none; atomic */

enum { SAMPLE_RATE_MAX = 64 << 20 };

/* Draw the number of bytes to the next event. */
uint64_t sample_draw(struct sample *sample);

/* Fill the bin of `class`, whose current slab is `slab`, with what may be handed out of `list`, all of its free blocks;
 * the rest stays with the slab. */
void sample_fill(struct heap *heap, uint32_t class, struct unit *slab, struct block *list);

/* True when no event of the class is within its next `have` blocks and one more. */
INLINE bool sample_is_far(const struct size_class *of, const struct unit *slab, uint32_t have) {
    return of->sample_left >= (have + UINT64_C(1)) * slab->block_bytes;
}

/* Count as many of the next frees into the attached slab as there are before the next event, at most `returns`, ahead.
 * 0: the block that comes next has the event. */
INLINE uint16_t sample_count_returns(struct size_class *of, const struct unit *slab, uint16_t returns) {
    uint64_t bytes = (uint64_t)returns * slab->block_bytes;
    if (unlikely(bytes > of->sample_left)) {
        returns = (uint16_t)(of->sample_left / slab->block_bytes);
        bytes = (uint64_t)returns * slab->block_bytes;
    }
    of->sample_left -= bytes;
    return returns;
}

/* Fill the bin as above with all of `list`, `have` blocks, whose frees return to it; the event is far. */
INLINE void sample_fill_far(struct heap *heap, size_t class, struct unit *slab, struct block *list, uint32_t have) {
    struct size_class *of = &heap->classes[class];
    debug_check(of->current == slab && !of->attached && sample_is_far(of, slab, have) && list != BLOCK_END);
    of->sample_left -= (uint64_t)have * slab->block_bytes;
    of->adopt_budget = 0;
    heap->bin[class] = list;
    heap_attach_slab(heap, class, slab, sample_count_returns(of, slab, heap->returns));
}

/* True in a sampled heap whose tick is not due with the next slow path, as it would be by slow_left. */
INLINE bool sample_ticks_later(const struct heap *heap) {
    return !config_bounded && heap->sample.rate && heap->sample.pace + heap->slow_left > 2;
}

/* Count the next frees into the attached slab, after those that were counted ahead. */
void sample_returned(struct heap *heap, struct unit *slab);

/* Count `p`, which a slow path has allocated for `size` bytes, and report it if an event lies in it. When the hooks
 * serve, events count only within the first SERVED_BYTES of a request, so that each is as likely whatever its size. */
enum { SERVED_BYTES = 16 };
void sample_taken(struct heap *heap, void *p, size_t size);
void *sample_served(struct heap *heap, void *p, size_t size);

/* Returns the block for the caller: `p`, or what the hooks serve instead. */
INLINE void *sample_look(struct heap *heap, void *p, size_t size) {
    return !config_bounded && unlikely(heap->sample.rate) ? sample_served(heap, p, size) : p;
}

/* Report the used block at `p` of `unit` to the profiler, and mark it when that has recorded it. */
void sample_report(struct unit *unit, void *p, size_t size);

/* True when the unit or the slot is marked: the profiler may have recorded the used block at `p`. */
bool sample_is_marked(const struct unit *unit, const void *p);

/* Report that `p`, a used block of any kind, is about to be freed. True: the profiler had recorded it. */
bool sample_freed(const void *p);

/* The same for a block that stays in use or is about to move; its mark is removed. */
bool sample_forget(struct unit *unit, const void *p);

/* The same for a block of a slab that the heap owns; the slab's mark is removed when it has no other such block. */
void sample_freed_own(const void *p, struct unit *slab, const struct heap *heap);

/* Count a block that has become `size` bytes long: as a new one when it is medium or large, or has moved. A small one
 * that stays where it is has been counted, and is reported again if it was recorded. */
enum sample_before { SAMPLE_UNKNOWN, SAMPLE_KNOWN, SAMPLE_MOVED };
void sample_resized(struct heap *heap, void *p, size_t size, enum sample_before before);

/* True when a sampled heap's tick is due, after as many slow paths as in any other heap; and begin the next count. */
bool sample_ticks(struct heap *heap);
void sample_ticked(struct heap *heap);
