/* The sums of live statistics, with the names that all outputs share. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "live_stats.h"

struct gauge {
    char name[16];
    char help[80];
    size_t (*value)(const struct live_stats *stats);
};

enum { GAUGES = 8 };

struct gauge gauge_at(int index);
