/* Writes profiles to files. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "report.h"
#include <stdbool.h>

/* Note the calling process as the one that profiles: a fork's child writes to a file of its own. */
void profile_note_process(void);

/* Write the profile to this path, or NULL: to the option's. False: it cannot be written, which is reported to the
 * file `told`, such as stderr. */
bool profile_write(const char *path, int told);

/* Add the names of the files that this process has written for the option, as a shell takes them; several have a * for
 * what they differ by. Nothing is added if there are none. */
void profile_written(struct report *names);

/* Write it if the option `profile` is set: at exit, at a signal, or when enough was allocated. */
void profile_write_due(int told);
