/* `heapalloc explore PID|CORE`: the shell's commands over the heap of a process or core file, which they only read. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/shell.h"
#include "target.h"

extern const struct shell_command remote_commands[];
extern const uint32_t remote_command_count;
extern const char remote_places[]; /* the end of `help` */

/* The heap that the commands read from now on; it stays the caller's. */
void remote_begin(struct target *target);

/* Read a word, for the shell. */
bool remote_load(uintptr_t address, uint64_t *word);

/* The line `visualize --html FILE`: write a page about a heap. False: this line is another. */
bool remote_page(struct shell *shell, struct target *target);
