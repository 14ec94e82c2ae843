/* Reports, built in a buffer and written at once. They do not use stdio, which may allocate, or may be wrapped. What
 * does not fit is cut. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct report {
    size_t length;
    char chars[2048];
};

void report_add(struct report *report, const char *text);

/* The bytes of the UTF-8 character at `text`; 0: it is ill-formed, or the end. */
size_t report_character_bytes(const char *text);

/* What stands for an ill-formed byte: U+FFFD. */
#define REPORT_UNREADABLE "\xef\xbf\xbd"

/* Add a name that a program gave, in which what commands a terminal is '?'. */
void report_add_name(struct report *report, const char *name);

/* Add a number, right-aligned in `width` columns. */
void report_add_number(struct report *report, uint64_t number, size_t width);

/* Add bytes for people, "12.4 MiB", in at least nine columns. */
void report_add_bytes(struct report *report, uint64_t bytes);

/* Add a path in which %p is the process ID, %e the program's name and %% a percent sign, cut at REPORT_PATH_BYTES and
 * ended by a 0. */
enum { REPORT_PATH_BYTES = 512 };
void report_add_path(struct report *report, const char *pattern);

/* Add spaces up to this column of the last line. */
void report_pad(struct report *report, size_t column);

/* Begin a report with "heapalloc[PID]: ", as every message on stderr does. */
void report_begin(struct report *report);

/* Write all of it, retrying after signals, and empty the buffer. */
void report_write(struct report *report, int file);
