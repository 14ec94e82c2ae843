/* Reads what the kernel put on the initial stack: the auxiliary vector, the environment, the program's path. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The value of `type`, one of elf.h's AT_*, in the auxiliary vector. With glibc it is read from the stack, because
 * getauxval() may be a wrapper that allocates. */
uintptr_t process_auxiliary(uintptr_t type, uintptr_t otherwise);

/* Word 0 or 1 of the sixteen random bytes that the kernel passes to every program. */
uint64_t process_random(int index);

/* The value of an environment variable as the process got it; NULL: it is not set. `name` ends with "=". The value may
 * be changed in place, and programs that this one starts then get the new one. */
char *process_variable(const char *name);

/* The file name of the program, without the folders of its path. */
const char *process_name(void);

long process_id(void);

/* Begin and end what only one thread does at a time; `by` is the process in which one does, or 0. False: another thread
 * is doing it. In a fork's child nobody is, whatever the parent's threads were doing. */
bool process_begin(long *by);
void process_end(long *by);
