/* Pools and arenas of a heap that is read from outside, by their names. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"
#include <stdio.h>

/* Sum up by names. A process whose list changes meanwhile is read again, at last in part; what contradicts itself in a
 * core file counts as torn. False: it is a part. */
bool named_read(struct target *target, struct by_name *sums);

/* Called with a line of text. */
typedef void named_line(const char *line, void *argument);

/* Say a line about each name, the first one empty; nothing where nothing has a name; and whether that is all. */
void named_say(const struct by_name *sums, bool whole, named_line *say, void *argument);

/* How many lines named_say_largest() has to say, without the head. */
unsigned named_count(const struct by_name *sums);

/* Narrow lines tell neither the kind nor the number. */
enum named_width { NAMED_NARROW, NAMED_WIDE };

/* Say a head, and a line about each of at most `rows` names, those with the most memory first. */
void named_say_largest(const struct by_name *sums, unsigned rows, enum named_width width, named_line *say,
                       void *argument);

/* Write them as the member "named", whose objects are those of the library's own statistics. */
void named_put(FILE *out, const struct by_name *sums);
