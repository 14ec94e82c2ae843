/* The current values of the options; adjust.h reads them from their sources. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "option_table.h"

/* Who set an option, from the weakest to the strongest, which wins. */
enum option_source {
    OPTION_BY_NOBODY,
    OPTION_BY_FILE,
    OPTION_BY_PROGRAM,
    OPTION_BY_ENVIRONMENT,
    OPTION_BY_CALL,
};

enum option_set { OPTION_IS_WRONG, OPTION_IS_WEAKER, OPTION_IS_SET };

/* Set an option to this text, unless a stronger source has set it. */
enum option_set option_set(enum option_id id, const char *text, size_t length, enum option_source source);

/* True when any source has set it. */
bool option_is_set(enum option_id id);

/* The current value of an option as a number: a flag, bytes, milliseconds or the index of a word. */
uint64_t option_number(enum option_id id);

/* The text that an option was set to; "" when it was not set. */
const char *option_text(enum option_id id);

/* True when the options apply to this process, whose options were read in process `begun_in`: it may be a fork's child.
 */
bool options_apply(long begun_in);

/* The current value of an option, as one would write it. */
const char *option_now(enum option_id id);
