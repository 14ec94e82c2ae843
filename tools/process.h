/* A process whose heap is looked at, while it runs: its memory by process_vm_readv, its mappings by /proc. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

/* False: `why` has the sentence. */
bool process_open(struct target *target, pid_t process);

/* Reads for the reader, whose context is the target. False: not all of it is there. */
bool process_read(void *target, uint64_t address, void *to, size_t bytes);

/* Call `look` with the start of every mapping that may be a library or program, until it says true. */
bool process_modules(struct target *target, target_look *look);
