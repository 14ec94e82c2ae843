/* Collects the return addresses on the calling thread's stack. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"

enum { PROFILE_FRAMES_MAX = 64 };

/* Fill in return addresses, the innermost first, without this library's own; returns how many. It takes no lock,
 * allocates nothing, and reads only the stack, whose bounds `sample` caches. */
size_t profile_stack(uintptr_t *pcs, size_t room, struct sample *sample);
