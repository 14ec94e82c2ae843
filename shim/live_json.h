/* Prints live statistics as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "live_stats.h"
#include "sink.h"

void live_json_write(struct sink *sink, const struct live_stats *stats);

/* Do what heapalloc_stats_json() does. That is in another file, because this one has no unwind tables. */
size_t live_json_print(char *text, size_t room);
