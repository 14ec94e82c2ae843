/* A profile of sites: who allocated how much, read from the text that the library writes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdio.h>

/* Print the `rows` sites of a profile that matter most: by what is live, or by all they ever allocated. False: the file
 * is no profile, or there is no memory; nothing was printed. */
bool sites_print(FILE *profile, int rows, bool by_allocated);

/* Copy a report line by line, with functions' names for what is written as module+0xOFFSET. `profile` has the modules.
 * True: a line says that there are leaks. */
bool sites_name(FILE *report, FILE *profile, int rows);
