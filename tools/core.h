/* A core file as the source of a heap: its segments, each read only within the file. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

/* False: `why` has the reason, as a sentence. */
bool core_open(struct target *target, const char *path);

/* Read memory for the reader, whose context is the target. False: not all of it is available. */
bool core_read(void *target, uint64_t address, void *to, size_t bytes);

/* Call `look` with the start of every mapping that may be a library or program, until it returns true. */
bool core_modules(struct target *target, target_look *look);
