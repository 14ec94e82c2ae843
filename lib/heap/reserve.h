/* Memory before it is needed. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Have at least `bytes` mapped and free, and if possible what cutting blocks from them wastes. False: the world or a
 * limit does not allow that much. */
bool heap_reserve(size_t bytes);
