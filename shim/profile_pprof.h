/* Writes a profile as pprof's protocol buffer, which Go's pprof, Pyroscope, Parca and others read. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"

/* Write it, with the weighted sums alloc_objects, alloc_space, inuse_objects and inuse_space. False: no memory. */
bool profile_pprof(struct sink *sink);
