/* Walking what the spans hold, line by line and extent by extent; for those who look, while nobody writes. */
#pragma once
#include "span/span.h"

/* The number of places a span may be in; the span in place `index` (0 is home), NULL: none there. */
INLINE uint32_t inspect_span_places(void) { return 1 + load_acquire(span_count); }

INLINE struct span *inspect_span(uint32_t index) {
    if (index == 0) return span_home.base ? &span_home : NULL;
    return load_acquire(span_list[index - 1]);
}

/* One extent after another of every span: `line` is the head's, `units` how many it has. An extent is what its first
 * line's kind says; a line of no head's kind is an extent of one unit. */
struct extent_walk {
    uint32_t place;
    uint32_t next;      /* unit of the span that follows the extent */
    struct span *span;
    struct unit *line;
    uint32_t units;
};

/* Begin with {0}. False: that was all, or the lines contradict each other (then `units` is 0). */
bool extent_walk_next(struct extent_walk *walk);
