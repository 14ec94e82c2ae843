/* Writes a profile as gperftools does; google-pprof and `go tool pprof` read it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"

/* Write it with unweighted sums: readers compute the weights from the rate in the first line. */
void profile_text(struct sink *sink);
