/* Reads the memory limit of this process's control group. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The least limit of the group and of its ancestors, of version 2 or 1; 0: there is none, it cannot be read, or another
 * thread is reading it. `root` is put before /proc and /sys; "" except in tests. */
uint64_t cgroup_memory_limit(const char *root);

/* The machine's memory. */
uint64_t machine_memory(void);
