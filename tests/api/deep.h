/* The functions of the library tests/api/deep_dso.c: its own view of malloc, and its own call of dlopen. */
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
