/* Prints messages about options to stderr by system calls: this works in programs that close their streams, and before
 * libc is ready. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "options.h"

void options_tell_unknown(const char *name, size_t length);
void options_tell_hardened(void);
void options_tell_wrong(enum option_id id, const char *value, size_t length);
void options_tell_missing(const char *path, long error);
void options_tell_help(void);
void options_tell_active(void);
