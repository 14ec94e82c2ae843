/* Compressed files: gzip's, which pprof's profiles are by convention. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* True when the bytes begin as a gzip file does. */
bool is_gzip(const char *bytes, size_t length);

/* What is in a gzip file, which may have several parts; the caller frees it. NULL: *fault says why, in words. */
char *gzip_read(const char *bytes, size_t length, size_t *read_length, const char **fault);
