/* The heap profiler: which places allocate how much, and what of it is live. Off until it is asked for. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"

/* Look from now on, at an allocation in so many bytes; or no longer. False: this build cannot. */
bool profile_begin(uint64_t rate);
void profile_end(void);

/* A thread begins: it looks as the others do. */
extern uint64_t profile_rate __attribute__((visibility("hidden"))); /* 0: nobody looks */
void profile_join(void);

/* The calling thread does not do yet what the others do. */
INLINE bool profile_is_to_join(void) {
    return heap_self->sample.rate != __atomic_load_n(&profile_rate, __ATOMIC_RELAXED);
}

INLINE void profile_thread_begins(void) {
    if (unlikely(__atomic_load_n(&profile_rate, __ATOMIC_RELAXED))) profile_join();
}

/* Before a fork, and after it in both processes. */
void profile_fork(void);
void profile_forked(void);

/* Bytes between two samples, on average, of what is written; 1: all were taken. */
uint64_t profile_samples_each(void);

/* What could not be noted at once is noted. */
void profile_settle(void);

/* A profile is to be written each time that so many bytes more were allocated, or are live than ever when it was; 0: it
 * is not. */
void profile_write_after(uint64_t every, uint64_t peak);

/* Return addresses in who allocated the block at `p`, and in who freed it, 0: nobody, or it is not known. False:
 * nothing is. For who ends the program. */
bool profile_about(const void *p, uintptr_t *allocated_by, uintptr_t *freed_by);
