/* Reports named pools and arenas in the statistics: as lines for people, and as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/by_name.h"
#include "sink.h"

/* Add a line for each name. */
void named_report_text(struct sink *sink, const struct by_name *sums);

/* Add `,"named":[...]`; those without a row of their own share one without a name. */
void named_report_json(struct sink *sink, const struct by_name *sums);
