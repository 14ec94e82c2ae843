/* Reports named pools and arenas in the statistics. */
/* SPDX-License-Identifier: MIT */
#include "named_report.h"
#include "process.h"

static void add_line(struct sink *sink, const struct by_name_row *row) {
    struct report *report = &sink->report;
    report_add(report, "  ");
    report_add(report, by_name_kind(row));
    report_pad(report, 18);
    report_add_bytes(report, row->used_bytes);
    report_add(report, "   of ");
    report_add_bytes(report, row->reserved_bytes);
    report_add(report, "   ");
    report_add_name(report, row->name);
    if (row->count > 1) {
        report_add(report, " (");
        report_add_number(report, row->count, 0);
        report_add(report, ")");
    }
    report_add(report, "\n");
    sink_flow(sink);
}

COLD void named_report_text(struct sink *sink, const struct by_name *sums) {
    for (size_t i = 0; i < sums->row_count; i++) add_line(sink, &sums->rows[i]);
    if (sums->more.count > 0) add_line(sink, &sums->more);
}

static void named_member(struct sink *sink, const char *start, size_t number) {
    report_add(&sink->report, start);
    report_add_number(&sink->report, number, 0);
}

static void add_object(struct sink *sink, const char *start, const struct by_name_row *row) {
    report_add(&sink->report, start);
    report_add(&sink->report, "{\"kind\":\"");
    report_add(&sink->report, by_name_kind(row));
    report_add(&sink->report, "\",\"name\":");
    sink_add_quoted(sink, row->name);
    named_member(sink, ",\"count\":", row->count);
    named_member(sink, ",\"used_bytes\":", row->used_bytes);
    named_member(sink, ",\"reserved_bytes\":", row->reserved_bytes);
    report_add(&sink->report, "}");
    sink_flow(sink);
}

COLD void named_report_json(struct sink *sink, const struct by_name *sums) {
    report_add(&sink->report, ",\"named\":[");
    for (size_t i = 0; i < sums->row_count; i++) add_object(sink, i ? "," : "", &sums->rows[i]);
    if (sums->more.count > 0) add_object(sink, ",", &sums->more);
    report_add(&sink->report, "]");
}

static void add_named_sample(struct sink *sink, const char *family, const struct by_name_row *row, size_t value) {
    report_add(&sink->report, family);
    report_add(&sink->report, "{program=");
    sink_add_quoted(sink, process_name());
    named_member(sink, ",pid=\"", (size_t)process_id());
    report_add(&sink->report, "\",kind=\"");
    report_add(&sink->report, by_name_kind(row));
    report_add(&sink->report, "\",name=");
    sink_add_quoted(sink, row->name);
    named_member(sink, "} ", value);
    report_add(&sink->report, "\n");
    sink_flow(sink);
}

enum named_family { NAMED_USED, NAMED_RESERVED };

static void add_named_family(struct sink *sink, const struct by_name *sums, enum named_family family) {
    bool used = family == NAMED_USED;
    const char *name = used ? "heapalloc_named_used_bytes" : "heapalloc_named_reserved_bytes";
    report_add(&sink->report, "# HELP ");
    report_add(&sink->report, name);
    report_add(&sink->report, used ? " Handed out by pools and arenas" : " Slabs and chunks of pools and arenas");
    report_add(&sink->report, ", by name.\n# TYPE ");
    report_add(&sink->report, name);
    report_add(&sink->report, " gauge\n");
    for (size_t i = 0; i <= sums->row_count; i++) {
        const struct by_name_row *row = i < sums->row_count ? &sums->rows[i] : &sums->more;
        if (row->count > 0) add_named_sample(sink, name, row, used ? row->used_bytes : row->reserved_bytes);
    }
}

COLD void named_report_metrics(struct sink *sink, const struct by_name *sums) {
    add_named_family(sink, sums, NAMED_USED);
    add_named_family(sink, sums, NAMED_RESERVED);
}
