/* A profile as gperftools writes it, which google-pprof and `go tool pprof` read. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"

/* Sums of samples as they are: readers know from the first line what they stand for. */
void profile_text(struct sink *sink);
