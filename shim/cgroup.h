/* Reads the memory limit of this process's control group, and the machine's. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The least limit of the group and of its ancestors, of version 2 or 1; 0: there is none, it cannot be read, or another
 * thread is reading it. `root` is put before /proc and /sys; "" except in tests. */
uint64_t cgroup_memory_limit(const char *root);

/* Whether the machine counts what is mapped, not what is touched: vm.overcommit_memory is 2. False when it cannot be
 * read, or another thread is reading. */
bool machine_commits_strictly(const char *root);

/* The machine's memory. */
uint64_t machine_memory(void);
