/* Who adjusts the library of a process, and what takes effect at once.
 *
 *   HEAPALLOC=name=value,name,...      the environment, when the process starts       strongest
 *   const char *heapalloc_options      a symbol of the program, in the same form
 *   /etc/heapalloc.conf                the same, also a line each; read at start where one of the others is there
 *
 * heapalloc_option_set() overrides all of them. A setuid program reads none. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "options.h"

/* Reads the environment, the program's symbol and, where one of these is, the file; once, by the first thread. */
void options_begin(void);

/* What the program asks for by other means, as strong as its symbol. */
void options_offer(enum option_id id, const char *value);
