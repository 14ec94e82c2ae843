/* Statistics while the program runs. */
/* SPDX-License-Identifier: MIT */
#include "live_stats.h"
#include "heap/world.h"
#include "mapped.h"
#include "named_report.h"
#include "process.h"
#include "shim.h"
#include "syscall.h"
#include <heapalloc/heapalloc.h>
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

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static void add_member(struct sink *sink, const char *start, const char *name, size_t number) {
    report_add(&sink->report, start);
    report_add(&sink->report, "\"");
    report_add(&sink->report, name);
    report_add(&sink->report, "\":");
    report_add_number(&sink->report, number, 0);
}

static void add_count(struct sink *sink, const char *name, const struct tally_count *count) {
    report_add(&sink->report, ",\"");
    report_add(&sink->report, name);
    add_member(sink, "\":{", "blocks", count->blocks);
    add_member(sink, ",", "bytes", count->bytes);
    report_add(&sink->report, "}");
}

static void add_classes(struct sink *sink, const struct tally *tally) {
    const char *start = "{";
    report_add(&sink->report, ",\"classes\":[");
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        const struct tally_class *row = &tally->classes[class];
        if (row->slabs == 0) continue;
        add_member(sink, start, "size_bytes", class_shapes[class].block_bytes);
        add_member(sink, ",", "slabs", row->slabs);
        add_member(sink, ",", "used_blocks", row->used_blocks);
        add_member(sink, ",", "free_blocks", row->free_blocks);
        report_add(&sink->report, "}");
        start = ",{";
        sink_flow(sink);
    }
    report_add(&sink->report, "]");
}

/* Add free blocks outside slabs, by powers of two; returns what the next member starts with. */
static const char *add_free(struct sink *sink, const char *start, size_t unit, const struct tally_count *rows) {
    for (int i = 0; i < TALLY_SIZES; i++) {
        if (rows[i].blocks == 0) continue;
        add_member(sink, start, "from_bytes", unit << i);
        add_member(sink, ",", "blocks", rows[i].blocks);
        add_member(sink, ",", "bytes", rows[i].bytes);
        report_add(&sink->report, "}");
        start = ",{";
        sink_flow(sink);
    }
    return start;
}

static bool is_told(const struct tally_heap *row) {
    return row->live || row->slabs > 0 || row->cached_bytes > 0;
}

static void add_heaps(struct sink *sink, const struct live_stats *stats) {
    const char *start = "{";
    report_add(&sink->report, ",\"heaps\":[");
    for (size_t i = 0; i < stats->heap_count && i < LIVE_HEAPS; i++) {
        const struct tally_heap *row = &stats->heaps[i];
        if (!is_told(row)) continue;
        add_member(sink, start, "heap", row->index);
        report_add(&sink->report, row->live ? ",\"live\":true" : ",\"live\":false");
        add_member(sink, ",", "slabs", row->slabs);
        add_member(sink, ",", "used_bytes", row->used_bytes);
        add_member(sink, ",", "free_bytes", row->free_bytes);
        add_member(sink, ",", "cached_bytes", row->cached_bytes);
        report_add(&sink->report, "}");
        start = ",{";
        sink_flow(sink);
    }
    report_add(&sink->report, "]");
}

/* The sums, with the names that all outputs share. */
struct gauge {
    char name[16];
    char help[80];
    size_t (*value)(const struct live_stats *stats);
};

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

enum { GAUGES = 8 };

/* The gauges, in a function, because a table with pointers would be relocated when the library is loaded. */
static struct gauge gauge_of(int index) {
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

COLD void live_stats_json(struct sink *sink, const struct live_stats *stats) {
    report_add(&sink->report, "{\"version\":");
    sink_add_quoted(sink, heapalloc_version());
    report_add(&sink->report, ",\"program\":");
    sink_add_quoted(sink, process_name());
    add_member(sink, ",", "pid", (size_t)process_id());
    for (int i = 0; i < GAUGES; i++) {
        struct gauge gauge = gauge_of(i);
        report_add(&sink->report, ",\"");
        report_add(&sink->report, gauge.name);
        report_add(&sink->report, "_bytes\":");
        report_add_number(&sink->report, gauge.value(stats), 0);
    }
    add_classes(sink, &stats->tally);
    add_count(sink, "medium", &stats->tally.medium);
    add_count(sink, "large", &stats->tally.large);
    add_count(sink, "pools", &stats->tally.pools);
    add_count(sink, "arenas", &stats->tally.arenas);
    add_count(sink, "redzones", &stats->tally.redzones);
    report_add(&sink->report, ",\"free\":[");
    const char *start = add_free(sink, "{", 1, stats->tally.free_medium);
    add_free(sink, start, UNIT_BYTES, stats->tally.free_large);
    add_member(sink, "],", "heap_count", stats->heap_count);
    add_heaps(sink, stats);
    named_report_json(sink, &stats->named);
    report_add(&sink->report, "}\n");
    sink_end(sink);
}

COLD void live_stats_text(struct sink *sink, const struct live_stats *stats) {
    report_add(&sink->report, "heapalloc ");
    report_add(&sink->report, heapalloc_version());
    report_add(&sink->report, "  ");
    report_add(&sink->report, process_name());
    report_add(&sink->report, "[");
    report_add_number(&sink->report, (size_t)process_id(), 0);
    report_add(&sink->report, "]  now\n");
    for (int i = 0; i < GAUGES; i++) {
        struct gauge gauge = gauge_of(i);
        report_add(&sink->report, "  ");
        report_add(&sink->report, gauge.name);
        report_pad(&sink->report, 14);
        report_add_bytes(&sink->report, gauge.value(stats));
        report_add(&sink->report, "   ");
        report_add(&sink->report, gauge.help);
        report_add(&sink->report, "\n");
    }
    sink_flow(sink);
    named_report_text(sink, &stats->named);
    sink_end(sink);
}

COLD size_t live_stats_print(char *text, size_t room) {
    struct live_stats stats;
    struct sink sink = {.file = -1, .text = text, .room = room > 0 ? room - 1 : 0};
    if (!live_stats_read(&stats)) return 0;
    live_stats_json(&sink, &stats);
    if (room > 0) text[min_size(sink.length, room - 1)] = 0;
    return sink.length;
}

/* ---- OpenMetrics --------------------------------------------------------------------------------------------- */

/* Add the lines that introduce "heapalloc_NAME". */
static void add_family(struct sink *sink, const char *name, const char *help) {
    report_add(&sink->report, "# HELP heapalloc_");
    report_add(&sink->report, name);
    report_add(&sink->report, " ");
    report_add(&sink->report, help);
    report_add(&sink->report, "\n# TYPE heapalloc_");
    report_add(&sink->report, name);
    report_add(&sink->report, " gauge\n");
}

/* Add heapalloc_NAME{program="x",pid="1",LABEL="2"} VALUE; a label whose name is NULL is left out. */
static void add_sample(struct sink *sink, const char *name, const char *label, size_t of, size_t value) {
    report_add(&sink->report, "heapalloc_");
    report_add(&sink->report, name);
    report_add(&sink->report, "{program=");
    sink_add_quoted(sink, process_name());
    report_add(&sink->report, ",pid=\"");
    report_add_number(&sink->report, (size_t)process_id(), 0);
    if (label) {
        report_add(&sink->report, "\",");
        report_add(&sink->report, label);
        report_add(&sink->report, "=\"");
        report_add_number(&sink->report, of, 0);
    }
    report_add(&sink->report, "\"} ");
    report_add_number(&sink->report, value, 0);
    report_add(&sink->report, "\n");
    sink_flow(sink);
}

enum class_family { FAMILY_USED, FAMILY_FREE };

static void add_class_family(struct sink *sink, const struct tally *tally, enum class_family family) {
    bool used = family == FAMILY_USED;
    const char *name = used ? "class_used_blocks" : "class_free_blocks";
    add_family(sink, name, used ? "Blocks of callers, by size class." : "Free blocks of slabs, by size class.");
    for (uint32_t class = 1; class < CLASS_COUNT; class ++) {
        const struct tally_class *row = &tally->classes[class];
        if (row->slabs == 0) continue;
        add_sample(sink, name, "size_bytes", class_shapes[class].block_bytes,
                   used ? row->used_blocks : row->free_blocks);
    }
}

static void add_heap_family(struct sink *sink, const struct live_stats *stats, const char *name, const char *help,
                            size_t offset) {
    add_family(sink, name, help);
    for (size_t i = 0; i < stats->heap_count && i < LIVE_HEAPS; i++) {
        const struct tally_heap *row = &stats->heaps[i];
        if (is_told(row)) add_sample(sink, name, "heap", row->index, *(const size_t *)((const char *)row + offset));
    }
}

static void add_large_family(struct sink *sink, const char *name, const char *help, const struct tally_count *count) {
    add_family(sink, name, help);
    add_sample(sink, name, NULL, 0, count->bytes);
}

COLD void live_stats_metrics(struct sink *sink, const struct live_stats *stats) {
    for (int i = 0; i < GAUGES; i++) {
        struct gauge gauge = gauge_of(i);
        struct report name = {0};
        report_add(&name, gauge.name);
        report_add(&name, "_bytes");
        name.chars[name.length] = 0;
        add_family(sink, name.chars, gauge.help);
        add_sample(sink, name.chars, NULL, 0, gauge.value(stats));
    }
    add_class_family(sink, &stats->tally, FAMILY_USED);
    add_class_family(sink, &stats->tally, FAMILY_FREE);
    add_large_family(sink, "medium_used_bytes", "Blocks of callers of 4 KiB to 256 KiB.", &stats->tally.medium);
    add_large_family(sink, "large_used_bytes", "Blocks of callers above.", &stats->tally.large);
    add_large_family(sink, "pool_bytes", "Slabs of pools.", &stats->tally.pools);
    add_large_family(sink, "arena_bytes", "Chunks of arenas.", &stats->tally.arenas);
    add_large_family(sink, "redzone_bytes", "Blocks of callers between red zones, in no slab.", &stats->tally.redzones);
    add_heap_family(sink, stats, "heap_used_bytes",
                    "Blocks that are out, of the slabs a thread owns; full ones have no owner.",
                    offsetof(struct tally_heap, used_bytes));
    add_heap_family(sink, stats, "heap_free_bytes", "Free blocks of such slabs.",
                    offsetof(struct tally_heap, free_bytes));
    add_heap_family(sink, stats, "heap_cached_bytes", "What a thread's medium cache keeps.",
                    offsetof(struct tally_heap, cached_bytes));
    report_add(&sink->report, "# EOF\n");
    sink_end(sink);
}
