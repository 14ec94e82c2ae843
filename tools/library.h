/* The preload libraries: where they are, and whether a program can have one. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Put the path of the library of this file name into `path`: next to this program, in its prefix's library folders, or
 * as HEAPALLOC_LIBRARY says. False: it was not found. */
bool library_find(const char *name, char *path, size_t bytes);

/* Why the program at `path` will not load a preloaded library, as a sentence; NULL: it will, as far as can be told. */
const char *library_refusal(const char *path);

/* Put the path of a command's file, found in PATH as the shell does, into `path`. False: there is none. */
bool library_find_program(const char *command, char *path, size_t bytes);

/* Set the environment for the program that is executed next: the library is preloaded before what is there, and the
 * options are added to HEAPALLOC's, which they override. False: there is no memory. */
bool library_preload(const char *library, const char *options);
