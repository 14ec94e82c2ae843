/* Guards: what a checked build puts at the end of each block: the size that was asked for and who asked; the bytes
 * between that size and the guard may not be written to, and a freed block is overwritten. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/check.h"

struct guard {
    const void *caller;
    size_t size;
};

enum { GUARD_BYTES = sizeof(struct guard) + 1 }; /* a byte at least lies in front of it */

/* The size to request for a caller's `size`; one that is too large stays too large. And the way back. */
INLINE size_t guard_request(size_t size) {
    if (!config_guarded) return size;
    return size > SIZE_MAX - GUARD_BYTES ? SIZE_MAX : size + GUARD_BYTES;
}
INLINE size_t guard_asked(size_t request) {
    return config_guarded ? request - GUARD_BYTES : request;
}

/* The guard of a block with `bytes` usable bytes. */
INLINE struct guard *guard_of(void *p, size_t bytes) {
    return (struct guard *)((char *)p + bytes) - 1;
}

/* Make the guard of a block of `bytes` that is handed out as one of `size`. */
void guard_set(void *p, size_t bytes, size_t size, const void *caller);

/* The size that was asked for; a block that was written to behind its end ends the program. */
size_t guard_check(const char *function, void *p, size_t bytes);

/* Overwrite a block that is about to be freed. */
void guard_poison(void *p, size_t bytes);
