/* The preload libraries: where they are, and whether a program can have one. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Puts the path of the library of this file name into `path`: beside this program, in its prefix's library folders, or
 * where HEAPALLOC_LIBRARY says. False: it is nowhere. */
bool library_find(const char *name, char *path, size_t bytes);

/* Why the program at `path` will not load a preloaded library, in words; NULL: it will, as far as can be seen. */
const char *library_refusal(const char *path);

/* Puts the file that a command means, found in PATH as the shell does, into `path`. False: there is none. */
bool library_find_program(const char *command, char *path, size_t bytes);
