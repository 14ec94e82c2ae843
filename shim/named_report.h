/* What named pools and arenas have, in the statistics: as rows for people, and as members of JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/by_name.h"
#include "sink.h"

/* A line each; nothing when there is none. */
void named_report_text(struct sink *sink, const struct by_name *sums);

/* `,"named":[...]`; what has no row of its own is one without a name. */
void named_report_json(struct sink *sink, const struct by_name *sums);
