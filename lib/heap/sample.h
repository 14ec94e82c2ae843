/* Sampling: which allocations of a heap a profiler is told, by bytes, and of which blocks the frees.
 *
 * Events lie along the bytes that a heap allocates, `rate` bytes apart on average, as a Poisson process; who allocates
 * one of these bytes is told. Independent processes add up to one, so each class has its own, and counts its blocks
 * when they go into the bin: at most those up to the next event. So malloc's fast path counts nothing. Frees go to
 * their slab's own list meanwhile, not back to the bin, where they would be handed out uncounted. An event behind the
 * bytes that were asked for, in the rest of the block, is nobody's: a request of n bytes is told with probability
 * 1 - exp(-n / rate), whatever its class.
 *
 *   bin  --> block --> block --> (the next one has the event: the bin ends here)     free --> block --> ...
 *
 * A block that was told is marked, so that its free takes a slow path: a medium or large one in its slot or line, a
 * small one by its slab, all of whose frees are slow then. Source: the thinning and the sum of Poisson processes,
 * Kingman, Poisson Processes, 1993, sections 2.2 and 5.1. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/bin.h"

/* What a profiler does; called without a lock. */
struct sample_hooks {
    bool (*taken)(void *p, size_t size);                             /* false: it cannot know this one */
    bool (*freed)(const void *p);                                    /* true: it knew it */
    bool (*know_one)(const char *from, size_t step, uint32_t count); /* one of these blocks */
};
extern const struct sample_hooks *sample_hooks __attribute__((visibility("hidden"))); /* NULL: there is none; atomic */

enum { SAMPLE_RATE_MAX = 64 << 20 };

/* Bytes to the next event. */
uint64_t sample_draw(struct sample *sample);

/* Fill the bin of `class`, whose current slab is `slab`, with what may be handed out of `list`, all of its free blocks;
 * the rest stays with the slab. */
void sample_fill(struct heap *heap, uint32_t class, struct unit *slab, struct block *list);

/* A slow path has allocated `p` for a request of `size` bytes: it is told if an event is in it. */
void sample_taken(struct heap *heap, void *p, size_t size);
INLINE void *sample_look(struct heap *heap, void *p, size_t size) {
    if (unlikely(heap->sample.rate)) sample_taken(heap, p, size);
    return p;
}

/* Tell the profiler of the used block at `p` of `unit`, and mark it when it is known now. */
void sample_tell(struct unit *unit, void *p, size_t size);

/* The unit, or the slot, says that the profiler may know the used block at `p`. */
bool sample_is_marked(const struct unit *unit, const void *p);

/* `p`, used and of any kind, is about to be free. True: the profiler knew it. */
bool sample_freed(const void *p);

/* The same when it stays, or is about to move; its mark goes. */
bool sample_forget(struct unit *unit, const void *p);

/* The same for a block of a slab that the heap owns: the slab is as before when it has no other such block. */
void sample_freed_own(const void *p, struct unit *slab, const struct heap *heap);

/* A block has become `size` bytes long: a medium or large one, and one that moved, counts as a new one; a small one
 * that stays in its block has been counted, and is told again if it was known. */
enum sample_before { SAMPLE_UNKNOWN, SAMPLE_KNOWN, SAMPLE_MOVED };
void sample_resized(struct heap *heap, void *p, size_t size, enum sample_before before);

/* True once in as many slow paths of a sampled heap as any other would tick after; and the tick is over. */
bool sample_ticks(struct heap *heap);
void sample_ticked(struct heap *heap);
