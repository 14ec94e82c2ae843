/* Reads the options from their sources, and applies those that take effect at once.
 *
 *   HEAPALLOC=name=value,name,...      the environment, when the process starts       strongest
 *   const char *heapalloc_options      a symbol of the program, in the same form
 *   /etc/heapalloc.conf                the same, or one on each line; read at start if one of the others is present
 *
 * heapalloc_option_set() overrides all of them. A setuid program reads none. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "options.h"

/* Read the environment, the program's symbol and, if one of these is present, the file; once, by the first thread. */
void options_begin(void);

/* Set an option that the program requested by other means (mallopt); as strong as its symbol. */
void options_offer(enum option_id id, const char *value);
