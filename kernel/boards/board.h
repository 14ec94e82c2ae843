/* What a board does for the programs that run on it: it prints letters, and exits with a status. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* Write to the first serial port. */
void board_write(const char *text, size_t length);

/* End the emulator with this exit status. */
_Noreturn void board_exit(int code);

/* libc.c: zero .bss, run main, exit with its result. Called by a board's first instructions, on a stack. */
_Noreturn void board_main(void);
