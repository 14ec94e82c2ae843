/* The functions of a C library that the test programs use, over a board. The string functions are the kernel's. */
/* SPDX-License-Identifier: MIT */
#include "board.h"
#include "format.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char bss_start[], bss_end[];

/* In place of an argument on a command line: the name of a test. */
#ifndef BOARD_ARGUMENT
#define BOARD_ARGUMENT NULL
#endif

int main(int count, char **arguments);

/* A loop that gcc must not turn into a call of memset, which calls this. */
void bzero(void *start, size_t bytes) {
    for (volatile char *at = start; bytes > 0; bytes--) *at++ = 0;
}

void board_main(void) {
    char *arguments[] = {"board", BOARD_ARGUMENT, NULL};
    bzero(bss_start, (size_t)(bss_end - bss_start));
    exit(main(arguments[1] ? 2 : 1, arguments));
}

static void put(char letter, void *context) {
    (void)context;
    board_write(&letter, 1);
}

int printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    format_to(put, NULL, format, arguments);
    va_end(arguments);
    return 0;
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *file) {
    (void)file;
    board_write(from, size * count);
    return count;
}

char *strcpy(char *restrict to, const char *restrict from) {
    return memcpy(to, from, strlen(from) + 1);
}

void exit(int code) {
    board_exit(code);
}

void abort(void) {
    board_exit(97);
}
