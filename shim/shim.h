/* What the files of the Linux world share: how a symbol is exported, how a failure is told to C. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <errno.h>
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

static inline void *or_enomem(void *p) {
    if (__builtin_expect(!p, 0)) errno = ENOMEM;
    return p;
}
