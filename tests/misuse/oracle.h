/* The oracle: after a misuse it allocates heavily and checks whether any two live blocks share a byte. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* A block that the program holds since before the misuse. It is filled with a pattern of its own. */
void oracle_hold(void *pointer, size_t size);
/* The program frees this one; its pattern is checked first. */
void oracle_drop(void *pointer);
/* Memory that malloc must never return. */
void oracle_forbid(const void *start, size_t count);

/* Allocate much of `size` and some of all others, from this thread and another; check; free half;
 * again; check. */
void oracle_load(size_t size);
