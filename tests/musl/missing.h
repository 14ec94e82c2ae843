/* Functions of malloc.h that the tests use and musl does not declare; the library has them or substitutes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/heapalloc.h>
#include <stddef.h>

/* Programs in which the library is preloaded do not link it. */
#pragma weak heapalloc_trim

void *pvalloc(size_t bytes);
#define malloc_trim(pad) ((void)(pad), heapalloc_trim())
