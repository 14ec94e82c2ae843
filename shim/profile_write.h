/* Where profiles go. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* The process that asks: a child of a fork writes to a file of its own. */
void profile_note_process(void);

/* Write the profile to where the option says, or to this path. False: it cannot be written, which the file `told`, such
 * as stderr, says. */
bool profile_write(const char *path, int told);

/* The same where the option wants a profile: at exit, at a signal, when much was allocated. */
void profile_write_due(int told);
