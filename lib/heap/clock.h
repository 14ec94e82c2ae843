/* The heap's own time, made from the world's clock without its leaps. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Milliseconds since the first call; what was freed before counts as freed then. They do not go back: a clock that was
 * set back goes on from there, and one that leaps ahead has moved by an hour. A short program never calls this, and so
 * reads no clock. */
uint64_t clock_now_ms(void);

/* Let `ms` pass, for a clock that stands still though much was done. No effect in a world without a clock. */
void clock_push(uint32_t ms);
