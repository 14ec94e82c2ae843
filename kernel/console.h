/* The console: printed text from every core, edited lines from a person or a script. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

void console_init(uint64_t uart_base);
void console_allow_sleep(void); /* the port interrupts from now on: sleep instead of polling while nothing is typed */

/* Print a whole text: the output of two cores does not mix. Formats: see format.h. */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

void console_write(const char *text, size_t length); /* the same for an unformatted text */

/* The same as line_read() (line.h) on the console. */
int console_read_line(char *line, uint32_t bytes);

/* From now on only the calling core prints, and without a lock. For panic. */
void console_seize(void);
