/* Regions: spans over memory that the world owns, with their tables inside of it; they never call the world.
 *
 *   | span | lines > | slots > | units >                      a region that heap_init or heap_add_region was given
 *
 * A region is kept back as a whole at first, as an extent of the allocator's own; what is free is entered piece by
 * piece. So holes, tables and images that lie between are simply never entered. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "span/span.h"

/* All tables of regions, and those of them that lie in units of their own span; under the units lock. */
struct region_tables {
    size_t bytes, inside_bytes;
};
extern struct region_tables region_tables __attribute__((visibility("hidden")));

/* In `class` of a META extent's head: kept back. Other such extents are in use. */
enum { REGION_KEPT_BACK = 0xfe };

/* The size of the tables for `units` units. */
size_t region_table_bytes(size_t units);

/* Make `span` describe `units` units from `base`, a multiple of a unit, all kept back. The tables stand at `tables`, a
 * multiple of 64, and are overwritten. The span is not entered among the others; takes the units lock. */
void region_describe(struct span *span, char *base, uint32_t units, void *tables);

/* Enter the whole units in [start, start + bytes), which are kept back in `span`, as free. False: there is none, or
 * some are not kept back; nothing has changed. Takes the units lock. */
bool region_enter(struct span *span, char *start, size_t bytes);

/* Keep the whole units in [start, start + bytes) back again. False: some of it is in use; nothing has changed. */
bool region_leave(struct span *span, char *start, size_t bytes);

/* Forget the span at `place` in span_list, whose units are all kept back: nobody has a pointer into it any more. Takes
 * the units lock. */
void region_forget(struct span **place);
