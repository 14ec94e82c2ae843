/* Zeroing large memory that was used before. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"

/* Make memory of a large block read as zero: what is in memory is written to, unless that is little of it. Then all
 * is purged, since writing would make resident what the block before left untouched, and this one may, too. */
void zero_large(char *at, size_t bytes);
