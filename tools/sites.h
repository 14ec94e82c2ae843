/* Tables of sites: who allocated how much. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"
#include <stdio.h>

/* Print the `rows` samples of a profile that matter most: by what is live, or by all they ever allocated. The profile
 * is put in that order, and named. False: there is no memory; nothing was printed. */
bool sites_print(struct heap_profile *profile, int rows, bool by_allocated);

/* Copy a report line by line, with functions' names for what is written as module+0xOFFSET. The profile has the
 * modules; NULL: there is none. True: a line says that there are leaks. */
bool sites_name(FILE *report, const struct heap_profile *profile, int rows);

/* Print the innermost functions of a stack, and end the line; the same as a text, cut off where there is no room. */
void sites_print_stack(const struct heap_profile *profile, const struct profile_sample *sample);
void sites_stack_text(const struct heap_profile *profile, const struct profile_sample *sample, char *text, size_t room);

/* "12.3 MiB" */
const char *size_text(double bytes, char *text, size_t room);
