/* BREAKS(): damages one place of the heap and expects the verifier's check of that name to find it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/verify.h"
#include "inspect/verify_parts.h"
#include "test.h"

/* `part` fails, and so does the whole; all other damage has been undone before. */
static inline void expect_broken(bool (*part)(void), const char *name, int line) {
    if (part()) test_fail(__FILE__, line, name, 0, 1);
    CHECK(verify_heap() != NULL);
}

/* Damage the heap, expect the check to find it, repair it. */
#define BREAKS(name, place, damage)                    \
    do {                                               \
        __typeof__(place) whole = (place);             \
        CHECK(verify_##name());                        \
        (place) = (damage);                            \
        expect_broken(verify_##name, #name, __LINE__); \
        (place) = whole;                               \
        CHECK(!verify_heap());                         \
    } while (0)
