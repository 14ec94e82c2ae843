/* A running process as the source of a heap: its memory by process_vm_readv, its mappings from /proc. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

/* False: `why` has the reason, as a sentence. */
bool process_open(struct target *target, pid_t process);

/* Read memory for the reader, whose context is the target. False: not all of it is available. */
bool process_read(void *target, uint64_t address, void *to, size_t bytes);

/* Call `look` with the start of every mapping that may be a library or program, until it returns true. */
bool process_modules(struct target *target, target_look *look);

/* Copy its mappings as /proc has them. */
void process_put_maps(struct target *target, FILE *out);

/* Call `visit` for each private writable mapping. */
void process_writable(struct target *target, target_mapping *visit, void *argument);
