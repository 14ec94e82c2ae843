/* Static probes for tracers, on slow paths only: a nop in the code, and a note in the file that says where it is and
 * where its arguments are. They exist where <sys/sdt.h> was at build time (HEAPALLOC_PROBES); in other builds they are
 * nothing. docs/tracing.md lists them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/config.h"

#if HEAPALLOC_PROBES
#include <sys/sdt.h>
#define PROBE_1(name, a) DTRACE_PROBE1(heapalloc, name, a)
#define PROBE_2(name, a, b) DTRACE_PROBE2(heapalloc, name, a, b)
#define PROBE_3(name, a, b, c) DTRACE_PROBE3(heapalloc, name, a, b, c)
#else
#define PROBE_1(name, a) ((void)(a))
#define PROBE_2(name, a, b) ((void)(a), (void)(b))
#define PROBE_3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#define DTRACE_PROBE1(provider, name, a) PROBE_1(name, a)
#define DTRACE_PROBE3(provider, name, a, b, c) PROBE_3(name, a, b, c)
#endif
