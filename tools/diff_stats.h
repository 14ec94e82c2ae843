/* What changed between two statistics in JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* True if the file begins as JSON does. */
bool diff_is_json(const char *path);

/* Print at most `rows` numbers that changed, the largest change first, and set `growth` to how many more bytes are
 * live. False: a sentence was printed. */
bool diff_stats(const char *before, const char *after, int rows, double *growth);
