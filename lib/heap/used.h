/* What a pointer is, for callers that continue whatever it is. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* Bytes of the used block that starts at `p`, which may be anything; 0: there is none. Any thread, no lock. */
size_t used_bytes(const void *p);
