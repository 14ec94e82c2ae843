/* The sums of live statistics. */
/* SPDX-License-Identifier: MIT */
#include "gauges.h"

static size_t allocated(const struct live_stats *stats) {
    return stats->blocks.live_bytes;
}
static size_t active(const struct live_stats *stats) {
    return stats->sums.used_bytes;
}
static size_t dirty(const struct live_stats *stats) {
    return stats->sums.free_dirty_bytes;
}
static size_t resident(const struct live_stats *stats) {
    return stats->resident_bytes;
}
static size_t mapped_now(const struct live_stats *stats) {
    return stats->sums.mapped_bytes;
}
static size_t mapped_most(const struct live_stats *stats) {
    return stats->most_mapped_bytes;
}
static size_t retained(const struct live_stats *stats) {
    return stats->sums.free_clean_bytes;
}
static size_t metadata(const struct live_stats *stats) {
    return stats->sums.table_bytes;
}

/* The gauges, in a function, because a table with pointers would be relocated when the library is loaded. */
struct gauge gauge_at(int index) {
    switch (index) {
    case 0: return (struct gauge){"allocated", "Bytes in blocks of callers, as large as their size class.", allocated};
    case 1: return (struct gauge){"active", "Bytes in slabs and extents that have such blocks.", active};
    case 2: return (struct gauge){"dirty", "Bytes that are free, with memory behind them.", dirty};
    case 3: return (struct gauge){"resident", "Bytes of the heap that are in memory.", resident};
    case 4: return (struct gauge){"mapped", "Bytes of address space of the heap.", mapped_now};
    case 5: return (struct gauge){"mapped_max", "The most that mapped was since the start.", mapped_most};
    case 6: return (struct gauge){"retained", "Bytes that are mapped without memory behind them.", retained};
    default: return (struct gauge){"metadata", "Bytes of the allocator's own tables.", metadata};
    }
}
