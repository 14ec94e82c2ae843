/* The spans: ranges of addresses the heap lives in, each with its tables; from a pointer to its line.
 *
 *   the home span      home           + 4 GiB            + 16 GiB
 *                      | unit lines > |  granule slots > |  units >                     all three grow upwards
 *   a further span     | lines | slots | units |                                        one range of fixed size
 *
 * The home span is mapped step by step as it grows, and nothing is reserved before it is needed: limits on address
 * space, strict overcommit, mlockall and emulators see a heap of the size it has. When it cannot grow in place (or the
 * world has no home), further spans follow; they are found on the cold path, by a walk. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/granule.h"
#include "span/unit.h"

enum {
    SPANS_MAX = 256,
    SPAN_STEP_BYTES = 64 * 1024, /* no world's page is larger */
};
#define SPAN_UNITS_MAX (UINT32_C(1) << 25) /* 512 GiB */

struct span {
    char *base;
    size_t bytes;           /* [base, base + bytes) has lines, slots and memory; grows only */
    size_t solid_bytes;     /* home span: a word 32 bytes behind any of the first so many can be read; atomic */
    struct unit *lines;     /* lines[-1] is an EDGE, lines[units] readable */
    struct granule *slots;  /* one more than there are granules */
    uintptr_t slots_from_0; /* where the slot of address 0 would be */
    uint32_t top_units;     /* units handed out at least once; under the units lock */
    uint32_t limit_units;   /* what `bytes` may grow to */
    uint32_t tabled_units;  /* units with lines and slots */
    bool stepwise;          /* the home span: mapped as it grows, without a reserved range */
};

extern struct span span_home __attribute__((visibility("hidden")));
extern struct span *span_list[SPANS_MAX] __attribute__((visibility("hidden")));
extern uint32_t span_count __attribute__((visibility("hidden")));

/* Before memory of the home span moves away, and when it has grown. */
void span_open_hole(const void *start);
void span_settle(void);

/* Unmap memory of a span; false: the world cannot, and it stays. */
bool span_unmap(void *start, size_t bytes);

/* Line of the unit that `p` lies in, for a pointer into the home span: off = p - span_home.base. */
INLINE struct unit *span_line(const struct span *span, size_t offset) {
    return (struct unit *)((char *)span->lines +
                           ((offset >> (UNIT_SHIFT - UNIT_LINE_SHIFT)) & ~(size_t)(UNIT_LINE_BYTES - 1)));
}

/* The span that `p` lies in; NULL: not ours. Any thread; a walk over the further spans. */
struct span *span_of(const void *p);

/* The span whose slots include `slot`, which is one of ours. */
struct span *span_of_slot(const struct granule *slot);

/* The line of the unit that `p` lies in; NULL: not ours. */
struct unit *span_unit(const void *p);

/* Slot of the granule at `p`, in `span`. */
INLINE struct granule *span_slot(const struct span *span, const void *p) {
    return span->slots + ((size_t)((const char *)p - span->base) >> GRANULE_SHIFT);
}
/* The same for `p` in the home span, an instruction shorter. */
INLINE struct granule *span_slot_home(const void *p) {
    return (struct granule *)(span_home.slots_from_0 + ((uintptr_t)p >> GRANULE_SHIFT) * sizeof(struct granule));
}
INLINE uintptr_t span_slots_from_0(const void *slots, const char *base) {
    return (uintptr_t)slots - ((uintptr_t)base >> GRANULE_SHIFT) * sizeof(struct granule);
}
INLINE char *span_slot_memory(const struct span *span, const struct granule *slot) {
    return span->base + ((size_t)(slot - span->slots) << GRANULE_SHIFT);
}

/* Address of the unit that a line describes. */
char *span_line_memory(const struct unit *line);
