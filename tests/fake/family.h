/* The malloc family of the Linux world over the scripted one: shim/malloc.c and shim/aligned.c, compiled under
 * other names, so that the fast paths under test are the ones that programs use. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

void *t_malloc(size_t size);
void t_free(void *p);
void *t_calloc(size_t count, size_t size);
void *t_realloc(void *p, size_t size);
size_t t_malloc_usable_size(void *p);
int t_posix_memalign(void **to, size_t align, size_t size);
void *t_aligned_alloc(size_t align, size_t size);
void *t_memalign(size_t align, size_t size);
void *t_valloc(size_t size);
void *t_pvalloc(size_t size);
void t_free_sized(void *p, size_t size);
void t_free_aligned_sized(void *p, size_t align, size_t size);
