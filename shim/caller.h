/* Finds who called this library, as "module+0x123", for the message that ends a program. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Write the place of the innermost call into this library that has not returned, without a terminating 0; returns its
 * length, 0 when it is unknown. addr2line turns the module's file and the offset into a line. */
size_t caller_write(char *to, size_t room);

/* The same for the call that returns to `pc`. */
size_t caller_name(uintptr_t pc, char *to, size_t room);
