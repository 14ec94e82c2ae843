/* How much of a range is in memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* The bytes of all pages that the range touches and that are resident. What is not mapped, or where the kernel does not
 * say, counts as nothing. */
size_t resident_pages_bytes(const void *at, size_t bytes);
