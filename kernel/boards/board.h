/* What a board does for the programs that run on it: it prints letters, and exits with a status. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write to the first serial port. */
void board_write(const char *text, size_t length);

/* Only boards on which the explorer runs have the next four. Wait for a letter on it. */
char board_read(void);

/* Read or write a word at any address; false: there is no memory. */
bool board_load(uintptr_t address, uint64_t *word);
bool board_store(uintptr_t address, uint64_t word);

/* Called when any other access fails; if it is NULL or returns, the machine ends. */
extern void (*board_on_fault)(void);

/* End the emulator with this exit status. */
_Noreturn void board_exit(int code);

/* libc.c: zero .bss, run main, exit with its result. Called by a board's first instructions, on a stack. */
_Noreturn void board_main(void);
