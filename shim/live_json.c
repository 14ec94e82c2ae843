/* Prints live statistics as JSON. */
/* SPDX-License-Identifier: MIT */
#include "live_json.h"
#include "gauges.h"
#include "named_report.h"
#include "process.h"
#include <heapalloc/heapalloc.h>

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
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
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

static void add_heaps(struct sink *sink, const struct live_stats *stats) {
    const char *start = "{";
    report_add(&sink->report, ",\"heaps\":[");
    for (size_t i = 0; i < stats->heap_count && i < LIVE_HEAPS; i++) {
        const struct tally_heap *row = &stats->heaps[i];
        if (!live_stats_tells(row)) continue;
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

COLD void live_json_write(struct sink *sink, const struct live_stats *stats) {
    report_add(&sink->report, "{\"version\":");
    sink_add_quoted(sink, heapalloc_version());
    report_add(&sink->report, ",\"program\":");
    sink_add_quoted(sink, process_name());
    add_member(sink, ",", "pid", (size_t)process_id());
    for (int i = 0; i < GAUGES; i++) {
        struct gauge gauge = gauge_at(i);
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
    add_count(sink, "guarded", &stats->tally.guarded);
    report_add(&sink->report, ",\"free\":[");
    const char *start = add_free(sink, "{", 1, stats->tally.free_medium);
    add_free(sink, start, UNIT_BYTES, stats->tally.free_large);
    add_member(sink, "],", "heap_count", stats->heap_count);
    add_heaps(sink, stats);
    named_report_json(sink, &stats->named);
    report_add(&sink->report, "}\n");
    sink_end(sink);
}

COLD size_t live_json_print(char *text, size_t room) {
    struct live_stats stats;
    struct sink sink = {.file = -1, .text = text, .room = room > 0 ? room - 1 : 0};
    if (!live_stats_read(&stats)) return 0;
    live_json_write(&sink, &stats);
    if (room > 0) text[min_size(sink.length, room - 1)] = 0;
    return sink.length;
}
