/* What the notes of a core file say: threads' registers, mapped files, the program's name. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

/* Call `visit` for each note that the kernel or a debugger wrote, until it returns false. `argument` goes along. */
typedef bool core_note(unsigned type, const unsigned char *data, size_t bytes, void *argument);
void core_notes(struct target *target, core_note *visit, void *argument);

/* Write the mapped files as lines of /proc/PID/maps, as far as the core file says. */
void core_put_maps(struct target *target, FILE *out);

/* The program's name, as the kernel knows it; "": the core file does not say. */
void core_program(struct target *target, char *name, size_t room);

/* Call `visit` for each private writable mapping. The one with the first thread's stack is `stack`. */
void core_writable(struct target *target, target_mapping *visit, void *argument);
