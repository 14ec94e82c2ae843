/* What an image does after boot: world.c in heap.img, small/tests/machine.c in the small heap's images. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Make the heap, on one core. A result other than NULL completes "the device tree ..". */
const char *world_begin(void);

/* Do what the boot arguments request, with all cores online. Returns the machine's exit code. */
uint64_t world_run(void);
