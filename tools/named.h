/* Pools and arenas of a heap that is read from outside, by their names. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/reader.h"
#include <stdio.h>

/* Called with a line of text. */
typedef void named_line(const char *line, void *argument);

/* Say a line about each name, the first one empty; nothing where nothing has a name. */
void named_say(const struct by_name *sums, named_line *say, void *argument);

/* Write them as the member "named", whose objects are those of the library's own statistics. */
void named_put(FILE *out, const struct by_name *sums);
