/* Opens the target of a command, and finds its heap map by an ELF note. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

/* Open the process of this number, or the core file of this name, and find its heap's map. The target is not stopped or
 * written to. False: `why` has the reason; `found` is false if it is readable but has no heap of ours. */
bool target_open(struct target *target, const char *word);
void target_close(struct target *target);

/* The same for a command: prints the sentence; returns 0, 1 (there is no heap of ours), 2 (it cannot be read). */
int target_open_for(struct target *target, const char *command, const char *word);

/* The build ID of the library, or of the program that it is linked into, in hexadecimal digits; "": it has none. */
void target_build_id(struct target *target, char *text, size_t room);

/* The file that this memory was mapped from; "": it is not known. */
void target_file_at(struct target *target, uint64_t address, char *path, size_t room);
