/* What the files of the Linux world share: exporting a symbol, placing start-up data, setting errno. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <errno.h>
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

/* Data that every process reads, or writes when its heap grows. It is at the end of initialised data, in a page that
 * the loader has already written to, since it clears the rest of that page. */
#define STARTUP_DATA __attribute__((section(".data1")))

static inline void *or_enomem(void *p) {
    if (__builtin_expect(!p, 0)) errno = ENOMEM;
    return p;
}
