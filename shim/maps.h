/* /proc/self/maps line by line, by system calls alone: for whoever may hold any lock, and cannot allocate. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAPS_PATH_BYTES = 256 };

struct maps_line {
    uintptr_t from, to;
    uintptr_t offset; /* of its start in the file */
    bool readable, executable;
    char path[MAPS_PATH_BYTES]; /* the end of a longer one; "" where there is none */
};

/* Show each line to `look` until it returns true. False: it never did, or the file cannot be had. */
bool maps_find(bool (*look)(const struct maps_line *line, void *to), void *to);
