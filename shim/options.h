/* What can be adjusted in the library of a process, and by whom.
 *
 *   HEAPALLOC=name=value,name,...      the environment, when the process starts       strongest
 *   const char *heapalloc_options      a symbol of the program, in the same form
 *   /etc/heapalloc.conf                the same, also a line each; read at start where one of the others is there
 *
 * heapalloc_option_set() overrides all of them. A setuid program reads none. */
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
    OPTION_NAME,
    OPTION_CONF,
    OPTION_EXE,
    OPTION_CHILDREN,
    OPTION_COUNT
};

enum option_hugepages { HUGEPAGES_AUTO, HUGEPAGES_ALWAYS, HUGEPAGES_NEVER };

/* Reads the environment, the program's symbol and, where one of these is, the file; once, by the first thread. */
void options_begin(void);

/* What the program asks for by other means, as strong as its symbol. */
void options_offer(enum option_id id, const char *value);

/* The number an option has now: a flag, bytes, milliseconds or the index of a word. */
uint64_t option_number(enum option_id id);

/* The text of an option of words or text; "" when it was not set. */
const char *option_text(enum option_id id);
