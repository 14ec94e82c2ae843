/* Reports, built in a buffer and written at once. Without stdio's formats: those may allocate, and are somebody's
 * wrapper now and then. What does not fit is cut. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct report {
    size_t length;
    char chars[2048];
};

void report_add(struct report *report, const char *text);

/* Right-aligned in `width` columns, with at least one digit. */
void report_add_number(struct report *report, uint64_t number, size_t width);

/* Bytes for people, "12.4 MiB" in nine columns at least. */
void report_add_bytes(struct report *report, uint64_t bytes);

/* A path in which %p is the process, %e its program and %% a percent sign; as long as REPORT_PATH_BYTES allow, and
 * ended by 0, so that the system says what is wrong with one that was cut. */
enum { REPORT_PATH_BYTES = 512 };
void report_add_path(struct report *report, const char *pattern);

/* Spaces up to this column of the last line. */
void report_pad(struct report *report, size_t column);

/* "heapalloc[PID]: ", by which each line on stderr begins. */
void report_begin(struct report *report);

/* Write all of it and begin anew; signals interrupt nothing. */
void report_write(struct report *report, int file);
