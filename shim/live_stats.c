/* Statistics while the program runs. */
/* SPDX-License-Identifier: MIT */
#include "live_stats.h"
#include "heap/world.h"
#include "mapped.h"
#include "process.h"
#include "syscall.h"
#include <heapalloc/port.h>

/* Add the resident pages of a range, some hundred at a time. A part that is no longer mapped, or for which mincore is
 * not allowed, counts as nothing. */
static void add_resident(const char *from, size_t bytes, void *context) {
    enum { PAGES = 512 };
    unsigned char pages[PAGES];
    size_t page = port_page_bytes(), sum = 0;
    const char *at = (const char *)round_down((uintptr_t)from, page), *end = from + bytes;
    for (size_t length; at < end; at += length) {
        length = min_size(round_up((size_t)(end - at), page), PAGES * page);
        if (syscall_6(SYS_mincore, (long)at, (long)length, (long)pages, 0, 0, 0) != 0) continue;
        for (size_t i = 0; i < length / page; i++) sum += pages[i] & 1;
    }
    *(size_t *)context += sum * page;
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
