/* Growth: more memory at the tip, and further spans when the tip cannot grow where it stands. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/lock.h"
#include "span/span.h"

enum grow_result { GROW_DONE, GROW_NO_MEMORY, GROW_FROZEN };

/* Held while one thread asks the world for memory, over its system calls. */
extern struct lock grow_gate __attribute__((visibility("hidden")));

/* Make room for `count` units at the tip's top. Takes the gate, makes system calls. */
enum grow_result grow_tip_by(uint32_t count);
