/* The exported malloc family (shim/malloc.c) over the private heap, under other names: the fast paths that programs
 * use. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

void *family_malloc(size_t size);
void family_free(void *block);
void *family_realloc(void *block, size_t size);
