/* The PL011 serial port: one letter out, one letter in. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

void pl011_init(uint64_t base);
void pl011_put(char letter);
bool pl011_get(char *letter); /* false: nothing has arrived */

/* The receive interrupt only ends a sleep: it is armed before one and disarms itself. */
void pl011_arm_interrupt(void);
void pl011_interrupt(void);
