/* The build id of a module that is loaded. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { BUILD_ID_CHARS = 2 * 32 + 1 };

/* Write the build id of the module whose file begins at `start`, mapped readable up to `end`, in hexadecimal; "": it
 * has none there. */
void build_id_read(uintptr_t start, uintptr_t end, char id[BUILD_ID_CHARS]);
