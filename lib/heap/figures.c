/* The freestanding API's figures: sums that the heap keeps anyway. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "heap/hooks.h"
#include "span/region.h"
#include "span/small_region.h"
#include "span/units_free.h"

/* Nobody forks in a world that owns its memory, so the lock can always be had. */
static void of_core(struct heap_figures *figures) {
    while (!units_lock()) {
    }
    size_t tables = region_tables.bytes, inside = region_tables.inside_bytes;
    size_t used = ((size_t)units.used_units << UNIT_SHIFT) - inside, free = (size_t)units.dirty_units << UNIT_SHIFT;
    size_t least = min_size((size_t)units.least_dirty[0] << UNIT_SHIFT, free); /* the bounded build notes it later */
    units_unlock();
    *figures = (struct heap_figures){.used_bytes = used,
                                     .free_bytes = free,
                                     .table_bytes = tables,
                                     .peak_bytes = used + (free - least),
                                     .least_bytes = least,
                                     .heaps = load_relaxed(heaps.live)};
}

void heap_figures(struct heap_figures *figures) {
    if (small_region()) /* in no function of its own: without optimisation that would need kernel/small */
        small_region_figures(figures);
    else
        of_core(figures);
    figures->failures = load_relaxed(hooks_failures);
}
