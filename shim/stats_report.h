/* What a heap's memory is, as text for people and as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"
#include <stdbool.h>

/* Nine lines and one for each name, or one of JSON. Nobody should use the heap meanwhile; when somebody does, the
 * report says so.
 */
void stats_report(struct sink *sink, bool json, uint64_t passed_ms);
