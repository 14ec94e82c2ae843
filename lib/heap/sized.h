/* Sized frees: a size or an alignment that the block cannot have been requested with ends the program.
 *
 * A block may be longer than its request, so any size of a range is right; a size outside of it was never requested.
 * The pointer itself is checked by the free that follows. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/canary.h"

/* Where the size comes from. Real programs delete objects through a base class without a virtual destructor, so that
 * the size is too small, harmlessly; that ends them in the hardened build only. */
enum sized_by { SIZED_BY_C, SIZED_BY_DELETE };

/* The full check of `p`, which may be anything: false when it is a used block, but a request of `size` bytes at a
 * multiple of `align` cannot have returned it. Any thread, no lock. */
bool sized_is_true(const void *p, size_t size, size_t align, enum sized_by by);

/* Ends the program: `p` is a block, but not of that size or alignment. */
_Noreturn COLD void sized_fail(const char *function, const void *p, size_t size, size_t align);

/* The quick check: true when `p` may be freed as a block of `size` bytes at a multiple of `align`. */
INLINE bool sized_is_right(const void *p, size_t size, size_t align, enum sized_by by) {
    if (!config_safety || config_valgrind) return true;
    size_t offset = (size_t)((const char *)p - load_relaxed(span_home.base));
    if (unlikely(offset >= load_relaxed(span_home.bytes))) return sized_is_true(p, size, align, by);
    size_t bytes = load_relaxed(span_line(&span_home, offset)->block_bytes);
    if (hardened() && !canary_is_plain(bytes, size)) return sized_is_true(p, size, align, by);
    if (unlikely(size > bytes || size <= bytes / 2 || (uintptr_t)p & (align - 1) || !is_power_of_two(align)))
        return sized_is_true(p, size, align, by);
    return true;
}
