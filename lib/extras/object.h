/* Pools and arenas as objects: what a pointer that a program passes is, whatever it points to.
 *
 * A pointer to an object is one into the solid part of the home span (span/span.h), where everything can be read, at
 * which the object's own place stands. Objects elsewhere are found by the unit's line, on slow paths. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/memory.h"
#include "heap/used.h"
#include "span/span.h"

/* A word at any address. */
typedef size_t loose_word __attribute__((aligned(1), may_alias));

/* Less than an alignment of blocks, as they are added to addresses. */
enum object_kind { OBJECT_ARENA = 1, OBJECT_POOL, OBJECT_COLLECTED };

/* The first words of each. The heap overwrites two words of a freed block, so that what a program gave to free() by
 * mistake is no object any more; a link is a multiple of 16, which no place is.
 *   place == address + kind - home span's base, while the object lives               verify: named */
struct object {
    size_t place;
    uintptr_t overwritten[2];
};

INLINE size_t object_place(const void *object, enum object_kind kind) {
    uintptr_t at = (uintptr_t)object + kind;
    COMPUTED(at); /* first, which takes no instruction of its own */
    return at - (uintptr_t)racy_load(span_home.base);
}

/* The place that stands at `object`, which may be at any address. */
INLINE bool object_stands_at(const void *object, size_t place) {
    return *(const loose_word *)((const char *)object + offsetof(struct object, place)) == place;
}

/* True when `object` is one of this kind; false: it is none, or may be one that has to be looked for. */
INLINE bool object_is(const void *object, enum object_kind kind) {
    size_t place = object_place(object, kind);
    return likely(place < racy_load(span_home.solid_bytes)) && likely(object_stands_at(object, place));
}

/* True when `object` is one of this kind, wherever it is. */
INLINE bool object_found(const void *object, enum object_kind kind) {
    return object_is(object, kind) ||
           (used_may_be_object(object) && object_stands_at(object, object_place(object, kind)));
}
