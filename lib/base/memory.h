/* Loads and stores that more than one thread may do at a time, and the block operations of the compiler.
 *
 * A racy load is one whose value only directs a thread to a path that decides by an atomic operation. On the fast
 * paths it must fold into the instruction that uses it, so there it is a plain load, except in a build for
 * ThreadSanitizer; everywhere else it is a relaxed one (ci/code.py). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/count.h"
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define HEAPALLOC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEAPALLOC_TSAN 1
#endif
#endif

#ifdef HEAPALLOC_TSAN
#define racy_load(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define racy_store(x, v) (count_write(&(x)), __atomic_store_n(&(x), (v), __ATOMIC_RELAXED))
#else
#define racy_load(x) (x)
#define racy_store(x, v) (count_write(&(x)), (x) = (v))
#endif

/* Hides a function's racy loads from ThreadSanitizer: it reads what an owner writes by plain stores, and its result is
 * confirmed by an atomic operation, or is only a hint. Before `static`. */
#if defined(HEAPALLOC_TSAN) && defined(__clang__)
#define NO_TSAN __attribute__((noinline, unused, no_sanitize("thread")))
#elif defined(HEAPALLOC_TSAN) /* else gcc passes the values, and the loads are the caller's */
#define NO_TSAN __attribute__((noipa, unused, no_sanitize("thread")))
#else
#define NO_TSAN __attribute__((always_inline)) inline
#endif

/* Change a sum that is written under a lock, and that others read without it. */
#define guarded_add(x, n) racy_store(x, (x) + (n))

#define load_relaxed(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define load_acquire(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define store_relaxed(x, v) (count_write(&(x)), __atomic_store_n(&(x), (v), __ATOMIC_RELAXED))
#define store_release(x, v) (count_write(&(x)), __atomic_store_n(&(x), (v), __ATOMIC_RELEASE))
#define swap_value(x, v) (count_one(COUNT_ATOMIC), count_write(&(x)), __atomic_exchange_n(&(x), (v), __ATOMIC_ACQ_REL))
#define cas(x, expected, v) (count_one(COUNT_ATOMIC), count_write(&(x)), cas_only(x, expected, v))
#define cas_only(x, expected, v) \
    __atomic_compare_exchange_n(&(x), (expected), (v), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

/* The three functions a freestanding compiler may call anyway. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

/* Sixteen bytes at any address, read or written at once. */
typedef long long word_pair __attribute__((vector_size(16), aligned(1), may_alias));
