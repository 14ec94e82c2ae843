/* The physical memory: all RAM, what is taken, what is free; seals on what is taken. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "machine.h"
#include "options.h"
#include "ranges.h"
#include <stddef.h>

struct memory {
    struct range_list ram;     /* set: all of it, as the tree says                     */
    struct range_list taken;   /* set: whole pages of image, tree, initrd, reservations, devices */
    struct range_list devices; /* set: the blocks in which devices lie, also if the tree says that they are RAM */
    struct range_list tabled;  /* set: ram without what beyond= leaves out             */
    struct range_list free;    /* set: whole pages of tabled - taken                   */
    struct range_list beyond;  /* set: whole pages of ram - tabled - taken             */
};

enum { PAGE_BYTES = 4096 };
#define PAGE_UNIT_BYTES ((size_t)16384) /* the unit of page.h; the table ends at a multiple of it */

/* Whether some of it is the image's. */
bool memory_is_image(struct range range);

/* Compute the sets of RAM and map it; what cannot be used is reported on the console. A result other than NULL
 * completes "the device tree ..". */
const char *memory_init(struct memory *memory, const struct machine *machine, const struct options *options);
void memory_print(const struct memory *memory, const struct machine *machine);

/* Store a checksum of every reserved range in RAM and of the image's constant part; later, return NULL or the name of
 * one that changed. */
void memory_seal(const struct memory *memory, const struct machine *machine);
const char *memory_broken_seal(void);

/* The name of the sealed range that the word at `address` is in; NULL: of none. */
const char *memory_seal_at(uint64_t address);
