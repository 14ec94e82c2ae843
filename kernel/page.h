/* The machine's memory in units of 16 KiB: the heap's unit table is the page metadata array, level
 * 1 the page manager. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "memory.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Make a table over `ram`, behind __end if it fits there, and enter what is `free`. Nodes that are far apart get a
 * table each, inside them; one too small for that is reported on the console. Before the first allocation, on one core.
 * A result other than NULL completes "the device tree ..".
 */
const char *page_init(const struct range_list *ram, const struct range_list *free);

/* Take `count` units in a row, at a multiple of a unit, with undefined contents; NULL: there is no such run. page_free
 * gives back a whole run; a pointer that is not the start of one ends the machine with a sentence. Any core, also in
 * interrupts; O(1). */
void *page_alloc(size_t count);
void page_free(void *run);

/* heap_add_region (heapalloc/heap.h) with interrupts masked: adds RAM that was not free at page_init and is unused now,
 * whether between the lowest and the highest RAM known then or elsewhere. */
bool page_add_region(void *start, size_t bytes);

/* Where lines and slots are: never handed out. */
struct range page_tables(void);

/* Sums over the unit table; O(units), while no other core uses the heap. */
struct page_sums {
    size_t units; /* in the table */
    size_t free_units;
    size_t free_extents;
    size_t largest_units; /* of a free extent */
};
struct page_sums page_sums(void);
