/* Walking the extents of all spans, while nobody writes to them.
 *
 * After a fork the child's spans also have extents that lost threads were changing from one purpose to another, whose
 * heads may be wrong. Such an extent ends where the next head is; a unit that is of no extent, or of level 2 without
 * blocks, is passed over. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/span.h"

/* A walk through the extents of every span. Adjacent units of level 2 are one extent here. */
struct extent_walk {
    struct span *span;
    struct unit *line; /* the extent's first */
    uint32_t units;    /* how many it has */
    uint32_t place;    /* of the next span */
    uint32_t next;     /* unit of this span that follows the extent */
    bool broken;       /* a head claims more than there is: the walk has ended there */
};

/* The number of places where a span may be entered; the span there, 0 being home; NULL: none. */
INLINE uint32_t inspect_span_places(void) {
    return 1 + load_acquire(span_count);
}
struct span *inspect_span(uint32_t place);

/* True in the child of a fork that left threads behind. */
bool inspect_has_lost(void);

/* Go to the next extent; begin with {0}. False: there is none, or the walk is broken. */
bool extent_walk_next(struct extent_walk *walk);

/* The first granule slot of the extent that `walk` is at, and how many there are. */
INLINE struct granule *extent_slots(const struct extent_walk *walk) {
    return walk->span->slots + (size_t)(walk->line - walk->span->lines) * GRANULES_PER_UNIT;
}
INLINE uint32_t extent_granules(const struct extent_walk *walk) {
    return walk->units * GRANULES_PER_UNIT;
}

/* A walk through the blocks of an extent of level 2; begin with {.slot = NULL}. False: no more, or broken. */
struct medium_walk {
    struct granule *slot;
    uint32_t count; /* granules */
    uint32_t state;
    bool broken; /* blocks do not tile the extent */
};
bool medium_walk_next(const struct extent_walk *extent, struct medium_walk *walk);
