/* Text on a terminal, broken between words where a line would be longer than the terminal is wide. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* Write text to stdout. Where it goes on after a break it is indented. What has no end yet, as the last word of a line,
 * waits for wrap_end(). */
void wrap_write(const char *text, size_t length);
void wrap_end(void);

/* Ask the terminal how wide it is now. Returns the columns; 0: stdout is no terminal, and nothing is broken. */
unsigned wrap_measure(void);
