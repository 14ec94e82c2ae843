/* What a program does ahead of time: memory before it is needed, and a thread's memory while it sleeps. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Have at least `bytes` mapped and free, and where it is to be had what cutting blocks from it takes. False: the world
 * or a limit has not so much. */
bool heap_reserve(size_t bytes);
