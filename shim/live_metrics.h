/* Prints live statistics as OpenMetrics text. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "live_stats.h"
#include "sink.h"

void live_metrics_write(struct sink *sink, const struct live_stats *stats);
