/* Counts the memory that this process has mapped for its heap, and the maximum. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "group.h"

/* lock: none, both are atomic
 *   bytes: what port_map, port_commit and port_extend mapped, minus what was unmapped. port_unreserve, which gives a
 *   range back after a failure, subtracts nothing. */
struct mapped {
    size_t bytes;
    size_t most_bytes;
};
extern struct mapped mapped __attribute__((visibility("hidden")));

INLINE void mapped_add(size_t bytes) {
    size_t now = __atomic_add_fetch(&mapped.bytes, bytes, __ATOMIC_RELAXED);
    group_note_growth(now);
    size_t most = __atomic_load_n(&mapped.most_bytes, __ATOMIC_RELAXED);
    while (now > most &&
           !__atomic_compare_exchange_n(&mapped.most_bytes, &most, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

INLINE void mapped_subtract(size_t bytes) {
    __atomic_sub_fetch(&mapped.bytes, bytes, __ATOMIC_RELAXED);
}
