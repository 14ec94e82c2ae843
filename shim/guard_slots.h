/* Guard slots: one in N of the blocks of up to 4 KiB lies on a page of its own, between pages that nobody can touch.
 * A use beyond it or after its free faults, and the report says who allocated and who freed it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/guard_slot.h"

/* Serve one block in `each` so from now on; 0: none any more. The first call maps the slots. A profile ends this.
 * False: there are no slots. */
bool guard_begin(uint64_t each);

enum { GUARD_FRAMES_MAX = 16 };

struct guard_stack {
    uint32_t thread, count;
    uintptr_t pcs[GUARD_FRAMES_MAX]; /* return addresses, the innermost first */
};

/* What is known of the slot that an address in the region belongs to. */
struct guard_about {
    const char *block; /* NULL: nothing was ever there */
    size_t bytes;
    bool used;
    struct guard_stack allocated, freed;
};
bool guard_about(const void *p, struct guard_about *about);
