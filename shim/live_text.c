/* Prints live statistics for people. */
/* SPDX-License-Identifier: MIT */
#include "live_text.h"
#include "gauges.h"
#include "named_report.h"
#include "process.h"
#include <heapalloc/heapalloc.h>

COLD void live_text_write(struct sink *sink, const struct live_stats *stats) {
    report_add(&sink->report, "heapalloc ");
    report_add(&sink->report, heapalloc_version());
    report_add(&sink->report, "  ");
    report_add(&sink->report, process_name());
    report_add(&sink->report, "[");
    report_add_number(&sink->report, (size_t)process_id(), 0);
    report_add(&sink->report, "]  now\n");
    for (int i = 0; i < GAUGES; i++) {
        struct gauge gauge = gauge_at(i);
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
