/* Prints live statistics as OpenMetrics text. */
/* SPDX-License-Identifier: MIT */
#include "live_metrics.h"
#include "gauges.h"
#include "named_report.h"
#include "process.h"

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
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
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
        if (live_stats_tells(row))
            add_sample(sink, name, "heap", row->index, *(const size_t *)((const char *)row + offset));
    }
}

static void add_large_family(struct sink *sink, const char *name, const char *help, const struct tally_count *count) {
    add_family(sink, name, help);
    add_sample(sink, name, NULL, 0, count->bytes);
}

COLD void live_metrics_write(struct sink *sink, const struct live_stats *stats) {
    for (int i = 0; i < GAUGES; i++) {
        struct gauge gauge = gauge_at(i);
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
    add_large_family(sink, "guarded_bytes", "Blocks of callers between guard pages.", &stats->tally.guarded);
    add_heap_family(sink, stats, "heap_used_bytes",
                    "Blocks that are out, of the slabs a thread owns; full ones have no owner.",
                    offsetof(struct tally_heap, used_bytes));
    add_heap_family(sink, stats, "heap_free_bytes", "Free blocks of such slabs.",
                    offsetof(struct tally_heap, free_bytes));
    add_heap_family(sink, stats, "heap_cached_bytes", "What a thread's medium cache keeps.",
                    offsetof(struct tally_heap, cached_bytes));
    named_report_metrics(sink, &stats->named);
    report_add(&sink->report, "# EOF\n");
    sink_end(sink);
}
