/* What the files of the Linux world share: how a symbol is exported, how a failure is told to C. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <errno.h>
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

/* Data that every process looks at, or writes to when its heap grows. It stands where initialised data ends, in a page
 * that the loader has written to already, since it clears the rest of that page. */
#define STARTUP_DATA __attribute__((section(".data1")))

static inline void *or_enomem(void *p) {
    if (__builtin_expect(!p, 0)) errno = ENOMEM;
    return p;
}
