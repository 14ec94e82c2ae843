/* What the loader left on the initial stack: the auxiliary vector, the environment, the program's file. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The value of `type`, one of elf.h's AT_*, in the auxiliary vector. Read on the stack, because getauxval() may be
 * somebody's wrapper that allocates. */
uintptr_t process_auxiliary(uintptr_t type, uintptr_t otherwise);

/* A word of the sixteen random bytes that the kernel gives every program; index: 0 or 1. */
uint64_t process_random(int index);

/* The value of an environment variable as the process got it; NULL: it has none. `name` ends with "=". It may be
 * changed in place: programs started from here on see that. */
char *process_variable(const char *name);

/* The last part of the path the program was started by. */
const char *process_name(void);

long process_id(void);
