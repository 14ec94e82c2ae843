/* What the library of tests/api/deep_dso.c offers: its own view of malloc, and a dlopen of its own. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

struct deep {
    void *(*take)(size_t size);
    void *(*resize)(void *block, size_t size);
    void (*give)(void *block);
    void *(*open)(const char *file, int mode);
    int (*marked)(void); /* which of the two copies this is */
};
