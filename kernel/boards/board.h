/* What a board does for the programs that run on it: letters out, and an end with a status. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* Write to the first serial port. */
void board_write(const char *text, size_t length);

/* End the emulator with this exit status. */
_Noreturn void board_exit(int code);

/* libc.c: zero .bss, run main, end with what it returns. Called by a board's first instructions, on a stack. */
_Noreturn void board_main(void);
