/* The heap profiler: which places allocate how much, and how much of it is live. It is off until it is started. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"
#include "heap/sample.h"

/* Start sampling, an allocation in `rate` bytes on average, or stop it. False: this build cannot profile. */
bool profile_begin(uint64_t rate);
void profile_end(void);

/* Sample for hooks that serve blocks, until a profile begins. False: one has begun, or this build cannot sample. */
bool profile_lend(const struct sample_hooks *hooks, uint64_t rate);

/* Make the calling thread sample at the current rate. */
extern uint64_t profile_rate __attribute__((visibility("hidden"))); /* 0: no thread samples */
void profile_join(void);

/* True when the calling thread does not sample at the current rate yet. */
INLINE bool profile_is_to_join(void) {
    return heap_self->sample.rate != __atomic_load_n(&profile_rate, __ATOMIC_RELAXED);
}

INLINE void profile_thread_begins(void) {
    if (unlikely(__atomic_load_n(&profile_rate, __ATOMIC_RELAXED))) profile_join();
}

/* Before a fork, and after it in both processes: no other thread is in the tables in between. */
void profile_fork(void);
void profile_forked(void);

/* The rate of the samples: bytes from one to the next, on average. 1: every block; 0: sampling never started. */
uint64_t profile_samples_each(void);

/* Remove the freed blocks that could not be removed at once. */
void profile_settle(void);
