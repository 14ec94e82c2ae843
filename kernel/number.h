/* Numbers as people type them: decimal or 0x hexadecimal, with K, M or G. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Read a number; the cursor ends behind it. False: there is none, or it is too large; nothing
 * moves. */
bool number_take(const char **cursor, uint64_t *number);
