/* What a pointer is, for callers that continue whatever it is. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the used block that starts at `p`, which may be anything; 0: there is none. Any thread, no lock. */
size_t used_bytes(const void *p);

/* True when `p`, which may be anything, is mapped and in no free extent, so that its words can be read. */
bool used_is_mapped(const void *p);

/* True when `p` is where a struct of this library's may lie, so that its mark can be read. */
static inline bool used_may_be_object(const void *p) {
    return p && ((uintptr_t)p & 15) == 0 && used_is_mapped(p);
}
