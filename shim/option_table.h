/* The table of options: one row each. Without a pointer in it, so that nothing is relocated at start. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "options.h"

enum option_kind { OPTION_FLAG, OPTION_SIZE, OPTION_LIMIT_SIZE, OPTION_TIME, OPTION_WORD, OPTION_PATH };

struct option {
    char name[12];
    char kind;
    char initial[8];
    char range[40];
    char help[104];
};

extern const struct option option_table[OPTION_COUNT] __attribute__((visibility("hidden")));

/* Index of the option of this name; -1: there is none. */
int option_find(const char *name, size_t length);

/* The name nearest to a wrong one; NULL: none is near. */
const char *option_nearest(const char *name, size_t length);

/* Read a value of option `id` as a number. False: it is none, or out of range. */
bool option_read(enum option_id id, const char *text, size_t length, uint64_t *number);
