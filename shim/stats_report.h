/* What a heap's memory is, as text for people and as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "report.h"
#include <stdbool.h>

/* Add at most nine lines, or one of JSON. Nobody should use the heap meanwhile; when somebody does, the report says so.
 */
void stats_report(struct report *report, bool json, uint64_t passed_ms);
