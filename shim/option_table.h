/* The table of options, a row each. It contains no pointers, so that nothing is relocated at start. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_id {
    OPTION_HELP,
    OPTION_VERBOSE,
    OPTION_STATS,
    OPTION_PURGE,
    OPTION_BACKGROUND,
    OPTION_CACHE,
    OPTION_HUGEPAGES,
    OPTION_LIMIT,
    OPTION_SOFT_LIMIT,
    OPTION_METRICS,
    OPTION_INTERVAL,
    OPTION_SIGNAL,
    OPTION_LEAKS,
    OPTION_PROFILE,
    OPTION_PROFILE_BYTES,
    OPTION_PROFILE_EVERY,
    OPTION_PROFILE_PEAK,
    OPTION_PROFILE_INTERVAL,
    OPTION_REDZONES,
    OPTION_GUARD,
    OPTION_NAME,
    OPTION_CONF,
    OPTION_EXE,
    OPTION_CHILDREN,
    OPTION_PID,
    OPTION_COUNT
};

/* How many blocks of each size have red zones unless an option says otherwise. */
enum { REDZONES_INITIAL = 8 };

enum option_background { BACKGROUND_NO, BACKGROUND_YES, BACKGROUND_ALWAYS };
enum option_leaks { LEAKS_NO, LEAKS_YES, LEAKS_FULL };
enum option_hugepages { HUGEPAGES_AUTO, HUGEPAGES_ALWAYS, HUGEPAGES_NEVER };

/* Set in the value of `profile_peak` if the rest of it is a percentage. */
#define PROFILE_PEAK_PERCENT (UINT64_C(1) << 60)

enum option_kind { OPTION_FLAG, OPTION_SIZE, OPTION_LIMIT_SIZE, OPTION_TIME, OPTION_WORD, OPTION_PATH };

struct option {
    char name[20];
    char kind;
    char initial[8];
    char range[40];
    char help[104];
};

extern const struct option option_table[OPTION_COUNT] __attribute__((visibility("hidden")));

/* The index of the option of this name; -1: there is none. */
int option_find(const char *name, size_t length);

/* The option name nearest to a misspelt one; NULL: none is near. */
const char *option_nearest(const char *name, size_t length);

/* Convert a value of option `id` to a number. False: it is invalid or out of range. */
bool option_read(enum option_id id, const char *text, size_t length, uint64_t *number);
