/* Reads /proc/self/maps line by line, by system calls alone: callers may hold any lock, and cannot allocate. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAPS_PATH_BYTES = 256 };

struct maps_line {
    uintptr_t from, to;
    uintptr_t offset; /* in the file, of its start */
    bool readable, writable, executable, is_private;
    char path[MAPS_PATH_BYTES]; /* the last part of a longer one; "" if there is none */
};

/* Call `look` for each line until it returns true. False: it never did, or the file cannot be opened. */
bool maps_find(bool (*look)(const struct maps_line *line, void *to), void *to);
