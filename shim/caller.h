/* Who called this library: the place of its call, as "module+0x123", for the sentence that ends a program. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Write the place of the innermost call into this library that has not returned, without a 0 behind it; returns its
 * length, 0 where it cannot be told. addr2line, given the module's file and the offset, has its line. */
size_t caller_write(char *to, size_t room);

/* The same of the call that returns to `pc`. */
size_t caller_name(uintptr_t pc, char *to, size_t room);
