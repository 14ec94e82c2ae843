/* What serves instead of the heap when heap_init() is given so little memory that units would waste much of it: the
 * small heap under one lock (kernel/small/small_region.c), in a build that has it. As long as the home span has no
 * memory no core gets a heap, so each call comes here by the slow path of cores without one; the fast paths do not know
 * of it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "base/config.h"

/* The small heap serves, or nothing does yet. Macros, so that a build without kernel/small does not need it even where
 * the compiler does not optimise. */
#define small_region() (HEAPALLOC_SMALL_BELOW > 0 && span_home.bytes == 0)

/* heap_init() has given it memory. */
#define small_region_has_memory() (HEAPALLOC_SMALL_BELOW > 0 && small_region_serves)
extern bool small_region_serves __attribute__((visibility("hidden")));

bool small_region_init(void *start, size_t bytes);
bool small_region_add(void *start, size_t bytes);
bool small_region_remove(void *start, size_t bytes);

/* As the functions of heapalloc/heap.h. `align` is a power of two; any other, and no memory, gives NULL. */
void *small_region_alloc(size_t size, size_t align);
void *small_region_resize(void *p, size_t size);
void small_region_free(void *p);
size_t small_region_usable(const char *function, const void *p);
void small_region_trim(void);

struct heap_figures;
void small_region_figures(struct heap_figures *figures);

/* small_region_check.c: the name of the first equation that does not hold, or NULL; each block in use, with its
 * usable size. */
const char *small_region_check(void);
void small_region_each(void (*visit)(void *context, void *p, size_t bytes), void *context);

/* As heap_resize_in_place() (heap/resize_in_place.h). */
bool small_region_resize_in_place(const char *function, void *p, size_t size, size_t *usable_bytes);
