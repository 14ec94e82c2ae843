/* Statistics while the program runs. */
/* SPDX-License-Identifier: MIT */
#include "live_stats.h"
#include "heap/world.h"
#include "mapped.h"
#include "resident_pages.h"

static void add_resident(const char *from, size_t bytes, void *context) {
    *(size_t *)context += resident_pages_bytes(from, bytes);
}

COLD bool live_stats_read(struct live_stats *stats) {
    heap_enter();
    if (!stats_read(&stats->sums) || !by_name_read(&stats->named)) return false;
    stats_count_blocks(&stats->blocks);
    tally_read(&stats->tally);
    stats->heap_count = tally_heaps(stats->heaps, LIVE_HEAPS);
    stats->resident_bytes = 0;
    tally_ranges(add_resident, &stats->resident_bytes);
    stats->most_mapped_bytes = __atomic_load_n(&mapped.most_bytes, __ATOMIC_RELAXED);
    if (stats->most_mapped_bytes < stats->sums.mapped_bytes) stats->most_mapped_bytes = stats->sums.mapped_bytes;
    return true;
}
