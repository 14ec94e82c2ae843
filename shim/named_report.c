/* Reports named pools and arenas in the statistics. */
/* SPDX-License-Identifier: MIT */
#include "named_report.h"

static const char *kind_of(const struct by_name_row *row) {
    return row->name[0] == 0          ? "others"
           : row->kind == NAMED_POOL  ? "pool"
           : row->kind == NAMED_ARENA ? "arena"
                                      : "collected";
}

static void add_line(struct sink *sink, const struct by_name_row *row) {
    struct report *report = &sink->report;
    report_add(report, "  ");
    report_add(report, kind_of(row));
    report_pad(report, 18);
    report_add_bytes(report, row->used_bytes);
    report_add(report, "   of ");
    report_add_bytes(report, row->reserved_bytes);
    report_add(report, "   ");
    report_add(report, row->name);
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
    report_add(&sink->report, kind_of(row));
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
