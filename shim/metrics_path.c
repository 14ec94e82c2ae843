/* Where the metrics go. */
/* SPDX-License-Identifier: MIT */
#include "metrics_path.h"
#include "base/bits.h"
#include "report.h"

enum { STDERR = 2 };

COLD void metrics_tell_failure(const char *path, const char *why, long error) {
    struct report fault;
    report_begin(&fault);
    report_add(&fault, "cannot write metrics to ");
    report_add(&fault, path);
    report_add(&fault, why ? ": " : ", error ");
    if (why) report_add(&fault, why);
    if (!why) report_add_number(&fault, (uint64_t)-error, 0);
    report_add(&fault, "\n");
    report_write(&fault, STDERR);
}

COLD const char *metrics_socket_path(const char *text) {
    static const char scheme[] = "unix:";
    for (size_t i = 0; scheme[i]; i++)
        if (text[i] != scheme[i]) return NULL;
    return text[sizeof(scheme) - 1] ? text + sizeof(scheme) - 1 : NULL;
}
