/* `heapalloc explore PID|CORE`: the shell's commands over the heap of a process or core file, which they only read. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "remote_parts.h"

extern const struct shell_command remote_commands[];
extern const uint32_t remote_command_count;
extern const char remote_places[]; /* the end of `help` */
