/* A heap profile of a file, with the names of its functions. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile_parse.h"
#include "symbols.h"

/* Read the file; its time is used if the profile has none. False: `fault` is a sentence that begins with the file's
 * name. After either result heap_profile_free() is due. */
bool profile_file_read(struct heap_profile *profile, struct names *names, const char *path);

/* All bytes of a file, and when it was written, since 1970. NULL: it cannot be read, errno says why. */
char *profile_file_bytes(const char *path, size_t *length, uint64_t *time_ns);

/* The symbols of a profile's modules; NULL: there is no memory. */
struct symbols *profile_symbols(const struct heap_profile *profile);

/* Give each location that has none a line: of the functions there, or "module+0xOFFSET". */
bool profile_name(struct heap_profile *profile);

/* The same for one address, as "function file:line" of the innermost function. */
void profile_describe(const struct heap_profile *profile, struct symbols *symbols, uint64_t address, char *text,
                      size_t bytes);

/* A path without its folder. */
const char *profile_file_name(const char *path);
