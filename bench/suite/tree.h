/* The memory of a process and all its descendants. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The present resident memory that belongs to no file, summed over the tree. Pages shared after a fork count for each
 * process. */
size_t tree_anonymous_kib(pid_t root);
