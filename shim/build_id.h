/* Reads the build ID of a loaded module. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { BUILD_ID_CHARS = 2 * 32 + 1 };

/* Write the build ID of the module whose file is mapped from `start` on, readable up to `end`, in hexadecimal; "" if
 * there is none in this range. */
void build_id_read(uintptr_t start, uintptr_t end, char id[BUILD_ID_CHARS]);
