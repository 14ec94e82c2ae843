/* Collected arenas: marking from roots, stack and registers. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "heap/fast.h"

enum { PIECE_BYTES = 4096, WORD = sizeof(uintptr_t) };

/* Push a grey range. When there is no memory, all marked blocks are scanned again later. */
static void push(struct heapalloc_collected *collected, const char *from, size_t bytes) {
    struct collected_stack *grey = &collected->grey;
    if (grey->count == grey->room && !collected_grow(&grey->ranges, &grey->room, sizeof(*grey->ranges))) {
        grey->overflowed = true;
        return;
    }
    grey->ranges[grey->count++] = (struct collected_range){from, bytes};
}

INLINE void mark(struct heapalloc_collected *collected, uintptr_t p) {
    size_t index;
    struct collected_slab *slab = collected_find(collected, p, &index);
    if (!slab) return;
    uint64_t bit = UINT64_C(1) << index % 64, *marks = &slab_marks(slab)[index / 64];
    if (*marks & bit) return;
    *marks |= bit;
    if (slab->content != CONTENT_PLAIN) push(collected, slab->memory + index * slab->block_bytes, slab->block_bytes);
}

void collected_mark(struct heapalloc_collected *collected, uintptr_t p) {
    mark(collected, p);
}

bool collected_is_marked(const struct heapalloc_collected *collected, const void *p) {
    size_t index;
    struct collected_slab *slab = collected_find(collected, (uintptr_t)p, &index);
    return slab && slab_marks(slab)[index / 64] >> index % 64 & 1;
}

/* Scan memory in which any word may be a pointer. Sanitizers would object: it reads between variables, too. */
__attribute__((no_sanitize("address"), no_sanitize("thread"))) static NOINLINE void
look_at_words(struct heapalloc_collected *collected, const char *from, size_t bytes) {
    typedef uintptr_t word __attribute__((may_alias));
    const word *at = (const word *)round_up((uintptr_t)from, WORD);
    const word *end = (const word *)round_down((uintptr_t)from + bytes, WORD);
    for (; at < end; at++) mark(collected, *at);
}

static void trace(struct heapalloc_collected *collected, void *block, size_t bytes) {
    collected->in_trace = true;
    collected->options.trace(collected, block, bytes, collected->options.argument);
    collected->in_trace = false;
}

/* Scan the next range, or the first piece of a long one, so that a step can stop within a large block. */
static size_t look_at_next(struct heapalloc_collected *collected) {
    struct collected_stack *grey = &collected->grey;
    struct collected_range range = grey->ranges[--grey->count];
    if (collected->options.trace) {
        trace(collected, (void *)(uintptr_t)range.from, range.bytes);
        return range.bytes;
    }
    if (range.bytes > PIECE_BYTES) {
        grey->ranges[grey->count++] = (struct collected_range){range.from + PIECE_BYTES, range.bytes - PIECE_BYTES};
        range.bytes = PIECE_BYTES;
    }
    look_at_words(collected, range.from, range.bytes);
    return range.bytes;
}

/* Scan every marked block: any may be grey after there was no memory for the stack of ranges. */
static void look_again(struct heapalloc_collected *collected) {
    collected->grey.overflowed = false;
    for (struct collected_slab *slab = collected->all; slab; slab = slab->next) {
        if (slab->content == CONTENT_PLAIN) continue;
        for (uint32_t i = 0; i < slab->count; i++) {
            if (!(slab_marks(slab)[i / 64] >> i % 64 & 1)) continue;
            char *block = slab->memory + i * slab->block_bytes;
            if (collected->options.trace)
                trace(collected, block, slab->block_bytes);
            else
                look_at_words(collected, block, slab->block_bytes);
            while (collected->grey.count > 0) look_at_next(collected);
        }
    }
}

size_t collected_drain(struct heapalloc_collected *collected, size_t budget) {
    for (;;) {
        while (collected->grey.count > 0) {
            if (budget == 0) return 0;
            size_t bytes = look_at_next(collected);
            budget = bytes < budget ? budget - bytes : 0;
        }
        if (!collected->grey.overflowed) return budget;
        look_again(collected);
    }
}

/* Scan the frames of all callers, which lie above this one's address. On the stack of a coroutine or a signal the range
 * up to stack_base would not be the thread's stack. */
static NOINLINE void look_at_callers(struct heapalloc_collected *collected) {
    const char *here = __builtin_frame_address(0);
    if (here < collected->stack_lowest || (here >= collected->stack_base && collected->stack_lowest))
        check_misuse("heapalloc_collected_collect", collected, "is collected on a stack that is not its thread's own");
    if (here < collected->stack_base) look_at_words(collected, here, (size_t)(collected->stack_base - here));
}

/* Scan the stack with the registers that may hold a caller's variables: they are saved anywhere in this frame. */
static NOINLINE void look_at_stack(struct heapalloc_collected *collected) {
    __builtin_unwind_init();
    look_at_callers(collected);
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */
}

void collected_look_at_roots(struct heapalloc_collected *collected) {
    for (size_t i = 0; i < collected->root_count; i++)
        look_at_words(collected, collected->roots[i].from, collected->roots[i].bytes);
    for (size_t i = 0; i < collected->ready.count; i++)
        collected_mark(collected, (uintptr_t)collected->ready.list[i].block);
    if (collected->options.trace_roots) {
        collected->in_trace = true;
        collected->options.trace_roots(collected, collected->options.argument);
        collected->in_trace = false;
    }
    if (!(collected->options.flags & HEAPALLOC_COLLECTED_PRECISE)) look_at_stack(collected);
}

void heapalloc_collected_visit(struct heapalloc_collected *collected, const void *p) {
    collected_check("heapalloc_collected_visit", collected);
    if (unlikely(!collected->in_trace))
        check_misuse("heapalloc_collected_visit", collected, "is visited outside of its trace functions");
    mark(collected, (uintptr_t)p);
}

/* True when `place` lies in a slab of the arena. Only a large block has more than one unit, and has to be looked up. */
INLINE bool is_inside(const struct heapalloc_collected *collected, const void *place) {
    size_t offset = (size_t)((const char *)place - span_home.base);
    if (likely(offset < load_relaxed(span_home.bytes)) &&
        likely(load_relaxed(span_line(&span_home, offset)->owner) == (const struct heap *)collected))
        return true;
    return address_find(&collected->slabs, (uintptr_t)place >> UNIT_SHIFT) != NULL;
}

void heapalloc_collected_store(struct heapalloc_collected *collected, void *place, void *p) {
    collected_enter("heapalloc_collected_store", collected);
    if (unlikely(!is_inside(collected, place) || (uintptr_t)place % sizeof(void *)))
        check_misuse("heapalloc_collected_store", place, "is in no block of this arena");
    *(void **)place = p;
    if (collected->state == COLLECTED_MARKING) mark(collected, (uintptr_t)p);
}

bool heapalloc_collected_root(struct heapalloc_collected *collected, const void *from, size_t bytes) {
    collected_enter("heapalloc_collected_root", collected);
    if ((!from && bytes > 0) || !collected_can_read(collected, from, bytes))
        check_misuse("heapalloc_collected_root", from, "is no root");
    if (collected->root_count == collected->root_room &&
        !collected_grow(&collected->roots, &collected->root_room, sizeof(*collected->roots)))
        return false;
    collected->roots[collected->root_count++] = (struct collected_range){from, bytes};
    return true;
}

void heapalloc_collected_unroot(struct heapalloc_collected *collected, const void *from) {
    collected_enter("heapalloc_collected_unroot", collected);
    for (size_t i = collected->root_count; i-- > 0;) {
        if (collected->roots[i].from != from) continue;
        collected->roots[i] = collected->roots[--collected->root_count];
        return;
    }
    check_misuse("heapalloc_collected_unroot", from, "is no root of this arena");
}
