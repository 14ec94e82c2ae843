/* The spans: from a pointer to its line. */
/* SPDX-License-Identifier: MIT */
#include "span/span.h"
#include "base/memory.h"
#include <heapalloc/port.h>

/* Until it opens, its base is so far from any pointer that none lies in it, not even NULL for a thread that reads the
 * base before it opens and the bytes after. */
struct span span_home = {.base = (char *)(UINTPTR_MAX / 2 + 1)};
struct span *span_list[SPANS_MAX];
uint32_t span_count;

static size_t first_hole = SIZE_MAX; /* atomic: the least offset in the home span at which a hole ever was */

enum { SOLID_MARGIN_BYTES = 64 };

static size_t solid_bytes(void) {
    size_t bytes = load_relaxed(span_home.bytes), hole = load_acquire(first_hole);
    if (bytes > hole) bytes = hole;
    return bytes > SOLID_MARGIN_BYTES ? bytes - SOLID_MARGIN_BYTES : 0;
}

/* Growth and holes may come from two threads: whoever is last sees both. */
STARTUP_TEXT void span_settle(void) {
    size_t bytes;
    do swap_value(span_home.solid_bytes, bytes = solid_bytes());
    while (bytes != solid_bytes());
}

void span_open_hole(const void *start) {
    size_t offset = (size_t)((const char *)start - span_home.base), first = load_relaxed(first_hole);
    while (offset < first && !cas(first_hole, &first, offset)) {
    }
    span_settle();
}

bool span_unmap(void *start, size_t bytes) {
    span_open_hole(start);
    return port_unmap(start, bytes);
}

INLINE bool span_has(const struct span *span, const void *p) {
    return (size_t)((const char *)p - load_relaxed(span->base)) < load_relaxed(span->bytes);
}

static NOINLINE struct span *span_further(const void *p) {
    uint32_t count = load_acquire(span_count);
    for (uint32_t i = 0; i < count; i++) {
        struct span *span = load_acquire(span_list[i]); /* NULL while it is being entered */
        if (span && span_has(span, p)) return span;
    }
    return NULL;
}

STARTUP_TEXT struct span *span_of(const void *p) {
    return likely(span_has(&span_home, p)) ? &span_home : span_further(p);
}

STARTUP_TEXT struct unit *span_unit(const void *p) {
    struct span *span = span_of(p);
    return span ? span_line(span, (size_t)((const char *)p - span->base)) : NULL;
}

INLINE bool has_slot(const struct span *span, const struct granule *slot) {
    return slot >= span->slots && slot < span->slots + (size_t)span->limit_units * GRANULES_PER_UNIT;
}

static NOINLINE struct span *span_further_slot(const struct granule *slot) {
    for (uint32_t i = load_acquire(span_count); i-- > 0;) {
        struct span *span = load_acquire(span_list[i]);
        if (span && has_slot(span, slot)) return span;
    }
    return NULL;
}

STARTUP_TEXT struct span *span_of_slot(const struct granule *slot) {
    return likely(has_slot(&span_home, slot)) ? &span_home : span_further_slot(slot);
}

INLINE bool has_line(const struct span *span, const struct unit *line) {
    return line >= span->lines && line < span->lines + span->limit_units;
}

char *span_line_memory(const struct unit *line) {
    const struct span *span = &span_home;
    if (unlikely(!has_line(span, line))) {
        uint32_t i = load_acquire(span_count);
        do span = load_acquire(span_list[--i]);
        while (!span || !has_line(span, line));
    }
    return span->base + ((size_t)(line - span->lines) << UNIT_SHIFT);
}
