/* What glibc has and musl lacks, and constants of kernel headers that musl's compiler does not find. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <features.h>

#ifdef __GLIBC__
#include <sys/single_threaded.h>
#define libc_single_threaded __libc_single_threaded
#else
/* Never true: musl does not reveal its number of threads. */
static const char libc_single_threaded = 0;
#endif

enum { FUTEX_WAIT_OWN = 128, FUTEX_WAKE_OWN = 129 }; /* FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE */

/* What atexit() allocates with calloc() for its next 32 handlers, while it holds the lock of their list. */
#ifdef __GLIBC__
enum { LIBC_EXIT_LIST_BYTES = 2 * 8 + 32 * 32 };
#else
enum { LIBC_EXIT_LIST_BYTES = 8 + 32 * 16 };
#endif
