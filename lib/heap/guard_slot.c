/* Guard slots: where they are. */
/* SPDX-License-Identifier: MIT */
#include "heap/guard_slot.h"

struct guard_region guard_region;
