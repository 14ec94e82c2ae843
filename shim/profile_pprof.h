/* A profile as pprof's protocol buffer, which Go's pprof, Pyroscope, Parca and others read. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "sink.h"

/* What samples stand for: alloc_objects, alloc_space, inuse_objects, inuse_space. False: no memory for it. */
bool profile_pprof(struct sink *sink);
