/* Sized frees: the checks of size and alignment. */
/* SPDX-License-Identifier: MIT */
#include "heap/sized.h"
#include "base/text.h"
#include "heap/canary.h"
#include "heap/used.h"
#include "slab/slab.h"
#include <heapalloc/port.h>

enum { WIDE_SLACK_BYTES = 16 * 1024, LARGE_SLACK_BYTES = 64 * 1024 };

/* The longest block that a request of more than CLASS_BYTES_MAX, or at a large multiple, can get: realloc leaves a
 * block in place that is a quarter too long, or gives it so much room (heap/resize_room.h), and pieces are not cut
 * finely. */
static size_t most_wide(size_t bytes, size_t size, size_t align) {
    size_t slack = bytes > MEDIUM_BYTES_MAX ? LARGE_SLACK_BYTES : WIDE_SLACK_BYTES;
    return size > SIZE_MAX / 4 ? SIZE_MAX : size + size / 8 * 3 + align + slack;
}

/* The longest block that a request can get. A class without a slab borrows blocks of up to twice its own size
 * (heap/alloc.c), and realloc leaves a block in place while more than half of it is needed (heap/resize.c). */
static size_t most_bytes(size_t bytes, size_t size, size_t align) {
    if (bytes > CLASS_BYTES_MAX) return most_wide(bytes, size, align);
    size_t class = class_aligned(size + (size == 0), max_size(align, BLOCK_ALIGN_BYTES));
    return class ? 2 * (size_t)class_shapes[class].block_bytes : CLASS_BYTES_MAX;
}

/* The used bytes, less the room that a large block has behind it. */
static size_t bytes_in_use(const void *p, size_t bytes) {
    const struct unit *unit = span_unit(p);
    bool is_roomy = unit && load_relaxed(unit->kind) == UNIT_LARGE && unit->flags & UNIT_ROOMY;
    return is_roomy ? (size_t)unit->wanted << UNIT_SHIFT : bytes;
}

bool sized_is_true(const void *p, size_t size, size_t align, enum sized_by by) {
    size_t bytes = used_bytes(p);
    if (bytes == 0) return true;
    if (!is_power_of_two(align) || (uintptr_t)p & (align - 1) || size > bytes) return false;
    if (hardened() && !canary_fits(p, bytes, size)) return false;
    if (by == SIZED_BY_DELETE && config_safety < SAFETY_HARDENED) return true;
    return bytes_in_use(p, bytes) <= most_bytes(bytes, size, align) || load_relaxed(heaps.has_larger_blocks);
}

void sized_fail(const char *function, const void *p, size_t size, size_t align) {
    struct text text = {0};
    text_add(&text, function);
    text_add(&text, "(): ");
    text_add_address(&text, p);
    text_add(&text, " is a block of ");
    text_add_number(&text, used_bytes(p));
    text_add(&text, " bytes, not of ");
    text_add_number(&text, size);
    if (align > 1) {
        text_add(&text, " at a multiple of ");
        text_add_number(&text, align);
    }
    text_add(&text, "\n");
    port_stop(text.chars, text.length);
}
