/* Defaults that know the memory limit of the process's control group, and whether the machine overcommits.
 *
 * Both are read once, when the heap first has GROUP_LOOK_BYTES: small programs make no system call for it. Under strict
 * overcommit free memory that is only mapped is missing elsewhere, in the next fork too, so little of it stays. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GROUP_LOOK_BYTES = 64 << 20 };

struct group {
    uint64_t bytes; /* the limit; 0: none, or not read yet */
    bool looked;    /* it was read, or is being read */
    bool is_near;   /* the heap has seven eighths of it: nothing is made resident ahead of use */
};
extern struct group group __attribute__((visibility("hidden")));

/* The heap has grown to so many bytes, of GROUP_LOOK_BYTES or more. `root` is "" except in tests. */
void group_grown(size_t bytes, const char *root);

/* How much free memory may stay dirty under a limit; 0: as much as without one. */
uint64_t group_kept_bytes(uint64_t limit);

INLINE void group_note_growth(size_t bytes) {
    if (unlikely(bytes >= GROUP_LOOK_BYTES)) group_grown(bytes, "");
}
