/* What can be adjusted in the library of a process: the options as they stand. adjust.h says who sets them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "option_table.h"

/* Who set an option: the stronger wins. */
enum option_source {
    OPTION_BY_NOBODY,
    OPTION_BY_FILE,
    OPTION_BY_PROGRAM,
    OPTION_BY_ENVIRONMENT,
    OPTION_BY_CALL,
};

enum option_set { OPTION_IS_WRONG, OPTION_IS_WEAKER, OPTION_IS_SET };

/* Set an option to this text, unless a stronger source did. */
enum option_set option_set(enum option_id id, const char *text, size_t length, enum option_source source);

/* Somebody set it. */
bool option_is_set(enum option_id id);

/* The number an option has now: a flag, bytes, milliseconds or the index of a word. */
uint64_t option_number(enum option_id id);

/* The text of an option of words or text; "" when it was not set. */
const char *option_text(enum option_id id);

/* What an option is now, as it would be written. */
const char *option_now(enum option_id id);
