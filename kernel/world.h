/* What an image does in the machine that the boot found: world.c in heap.img, small/tests/machine.c
 * in those of the small heap. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Make the heap, on one core. What it returns, unless NULL, finishes "the device tree ..". */
const char *world_begin(void);

/* On all cores: what the boot arguments ask for. Returns what the machine shall end with. */
uint64_t world_run(void);
