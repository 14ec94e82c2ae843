/* C++17's operators new. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* True when a call of the plain operator new, or of its form with an alignment, reaches this library's (new.c). */
bool new_is_ours(void);
bool new_aligned_is_ours(void);
