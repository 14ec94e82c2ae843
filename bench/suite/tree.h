/* The memory of a process and all its descendants. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Resident memory that belongs to no file, summed over the tree, now. Pages shared after a fork count for each. */
size_t tree_anonymous_kib(pid_t root);
