/* Heap profiles in the formats of other programs. The functions of the profiles have names.
 *
 * Each returns false if there is no memory. Errors of writing are found by ferror(). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"
#include <stdio.h>

enum { EXPORT_FUNCTIONS_MAX = 4 * PROFILE_DEPTH_MAX };

/* pprof's protocol buffer, with functions and lines. */
bool export_pprof(const struct heap_profile *profile, FILE *out);

/* A line for each stack: the functions, outermost first, with semicolons between, a blank, and the value. */
bool export_collapsed(const struct heap_profile *profile, enum profile_value value, FILE *out);

/* The JSON of speedscope, with live and allocated bytes. */
bool export_speedscope(const struct heap_profile *profile, const char *name, FILE *out);

/* valgrind's massif: a snapshot with a tree of callers for each profile, in the order of their times. */
bool export_massif(const struct heap_profile *profiles, size_t count, FILE *out);

/* Write a function's name, without what would end it: a semicolon or the end of a line. */
void export_put_name(FILE *out, const char *name);
