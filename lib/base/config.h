/* The constants by which one build differs from another. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { SAFETY_FAST = 0, SAFETY_DEFAULT = 1, SAFETY_HARDENED = 2 };

#ifndef HEAPALLOC_SAFETY
#define HEAPALLOC_SAFETY SAFETY_DEFAULT
#endif
#ifndef HEAPALLOC_DEBUG
#define HEAPALLOC_DEBUG 0
#endif
#ifndef HEAPALLOC_ALONE
#define HEAPALLOC_ALONE 1
#endif
#ifndef HEAPALLOC_PROBES
#define HEAPALLOC_PROBES 0
#endif
#ifndef HEAPALLOC_BOUNDED
#define HEAPALLOC_BOUNDED 0
#endif
#ifndef HEAPALLOC_SMALL_BELOW
#define HEAPALLOC_SMALL_BELOW 0x8000000
#endif
#ifndef HEAPALLOC_HOOKS
#define HEAPALLOC_HOOKS 0
#endif
#ifndef HEAPALLOC_GUARDED
#define HEAPALLOC_GUARDED 0
#endif
#ifndef HEAPALLOC_VALGRIND
#define HEAPALLOC_VALGRIND 0
#endif

/* Constants, not an enum: clang warns when an enumerator of 2 decides an `if`. */
static const int config_safety = HEAPALLOC_SAFETY;    /* how much free() and malloc() check */
static const bool config_debug = HEAPALLOC_DEBUG;     /* debug_check() is evaluated */
static const bool config_alone = HEAPALLOC_ALONE;     /* port_alone says whether there is one thread (base/alone.h) */
static const bool config_bounded = HEAPALLOC_BOUNDED; /* no call walks a list to its end (heap/scavenge.h) */
static const size_t config_small_below = HEAPALLOC_SMALL_BELOW; /* bytes; heap_init() leaves less to kernel/small */
static const bool config_hooks = HEAPALLOC_HOOKS;       /* heapalloc/heap.h calls hooks for each block (heap/hooks.h) */
static const bool config_guarded = HEAPALLOC_GUARDED;   /* heapalloc/heap.h and small.h guard blocks (base/guard.h) */
static const bool config_valgrind = HEAPALLOC_VALGRIND; /* memcheck is told about every block (heap/valgrind.h) */
