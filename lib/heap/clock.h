/* The heap's own time, made of the world's clock, which is not believed blindly. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Milliseconds since the first call, which is when all that was freed before counts as freed. They do not go back: a
 * clock that was set back goes on from there, and one that leaps ahead has moved by an hour. A program that does next
 * to nothing never calls this: no clock is read for it, and nothing arranged for forks. */
uint64_t clock_now_ms(void);

/* The clock stands still though much was done: let `ms` pass. Nothing does in a world without a clock. */
void clock_push(uint32_t ms);
