/* Who allocates: the return addresses on the stack of the calling thread. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/fast.h"

enum { PROFILE_FRAMES_MAX = 64 };

/* Fill in return addresses, the innermost first, this library's own left out; returns how many. No lock is taken and
 * nothing is allocated; what is read lies on the stack. `sample` keeps where that is. */
size_t profile_stack(uintptr_t *pcs, size_t room, struct sample *sample);
