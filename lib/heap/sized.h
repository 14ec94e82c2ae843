/* Frees that are told a size and an alignment: what cannot be true of the block ends the program.
 *
 * A block may be longer than what it was asked for, by less than half, so the size told is one of a range; whatever is
 * outside of it was never asked for. What is wrong with the pointer itself is left to the free that follows. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/heap.h"

/* Set once a block was left longer than realloc was asked for, because there was no memory for a shorter one: from then
 * on a size that is too small proves nothing. */
extern bool sized_shrink_failed __attribute__((visibility("hidden")));

/* Who tells the size. Real programs delete objects through a base class without a virtual destructor and so tell too
 * little, harmlessly; that ends them in the hardened build only. */
enum sized_by { SIZED_BY_C, SIZED_BY_DELETE };

/* The full look at `p`, which may be anything: false when a request of `size` bytes at a multiple of `align` cannot
 * have returned it although it is a used block. Any thread, no lock. */
bool sized_is_true(const void *p, size_t size, size_t align, enum sized_by by);

/* Ends the program: `p` is a block, but none of that size or alignment. */
_Noreturn COLD void sized_fail(const char *function, const void *p, size_t size, size_t align);

/* The quick look: true when nothing is wrong with freeing `p` as a block of `size` bytes at a multiple of `align`. */
INLINE bool sized_is_right(const void *p, size_t size, size_t align, enum sized_by by) {
    if (!config_safety || config_valgrind) return true;
    size_t offset = (size_t)((const char *)p - span_home.base);
    if (unlikely(offset >= load_relaxed(span_home.bytes))) return sized_is_true(p, size, align, by);
    size_t bytes = load_relaxed(span_line(&span_home, offset)->block_bytes);
    if (unlikely(size > bytes || size <= bytes / 2 || (uintptr_t)p & (align - 1) || !is_power_of_two(align)))
        return sized_is_true(p, size, align, by);
    return true;
}
