/* The names of C++'s operators in C, and whether an operator is still this library's: a program may replace each. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "shim.h"
#include <stdbool.h>

#define CXX(name) __asm__(name) EXPORT

/* Compares at run time: clang assumes that two names are two functions, even where one is an alias of the other. */
static inline bool cxx_is_ours(void (*linked)(void), void (*ours)(void)) {
    __asm__("" : "+r"(linked));
    return linked == ours;
}
#define IS_OURS(linked, ours) cxx_is_ours((void (*)(void))(linked), (void (*)(void))(ours))
