/* Reports named pools and arenas in the statistics: as lines for people, as JSON and as metrics. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/by_name.h"
#include "sink.h"

/* Add a line for each name. */
void named_report_text(struct sink *sink, const struct by_name *sums);

/* Add `,"named":[...]`; those without a row of their own share one without a name. */
void named_report_json(struct sink *sink, const struct by_name *sums);

/* Add the families `heapalloc_named_used_bytes` and `_reserved_bytes`, with the labels `kind` and `name`. */
void named_report_metrics(struct sink *sink, const struct by_name *sums);
