/* Numbers as people type them: decimal or 0x hexadecimal, with K, M or G. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Read a number and move the cursor behind it. False: there is none, or it is too large; the cursor stays. */
bool number_take(const char **cursor, uint64_t *number);
