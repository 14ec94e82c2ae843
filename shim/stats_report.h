/* Reports where the heap's memory is, as text for people or as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"
#include <stdbool.h>

/* Write nine lines and one for each name, or one line of JSON. No thread should use the heap meanwhile; if one changes
 * it, the report says so. `profiles` are names of files for `heapalloc report`, as a shell takes them, or "". */
void stats_report(struct sink *sink, bool json, uint64_t passed_ms, const char *profiles);
