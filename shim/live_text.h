/* Prints live statistics for people. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "live_stats.h"
#include "sink.h"

/* Print a line for each of the eight sums, and one for each name. */
void live_text_write(struct sink *sink, const struct live_stats *stats);
