/* Damaged red zones end the program. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/redzone_block.h"

/* The caller's bytes of the used block at `p`, which may be anything that redzone_may_be(); 0: there is none. Damage
 * ends the program, and so does whatever else lies in the region. */
size_t redzone_check(const char *function, const void *p);
