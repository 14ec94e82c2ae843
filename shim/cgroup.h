/* How much memory the control group of this process may have. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The least limit of the group and of those it is in, of version 2 or 1; 0: there is none, or it cannot be read.
 * `root` stands before /proc and /sys; "" but for tests. */
uint64_t cgroup_memory_limit(const char *root);

/* What the machine has. */
uint64_t machine_memory(void);
