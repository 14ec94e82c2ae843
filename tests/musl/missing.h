/* What the tests use of malloc.h and musl does not declare; the library has it, or the like of it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heapalloc.h>
#include <stddef.h>

void *pvalloc(size_t bytes);
#define malloc_trim(pad) ((void)(pad), heapalloc_trim())
