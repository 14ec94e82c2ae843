/* Whether the process has entered a sandbox, which may kill it for a system call that malloc does not need. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stdbool.h>

/* The process asked for a seccomp filter, or for no new privileges, as one does before installing it. Atomic; never
 * cleared. The library then keeps to mmap, munmap, mremap, mprotect, madvise and futex. */
extern bool sandbox_entered __attribute__((visibility("hidden")));

INLINE bool sandboxed(void) {
    return unlikely(__atomic_load_n(&sandbox_entered, __ATOMIC_RELAXED));
}
