/* printf's formatting without a C library: %c %s %d %i %u %x %p %%, with 0, -, width, l, ll, z. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdarg.h>
#include <stddef.h>

typedef void format_put(char letter, void *context);

/* Call `put` for every letter of the formatted text. */
void format_to(format_put *put, void *context, const char *format, va_list args);

/* Like snprintf: always ends in a NUL unless bytes is 0; returns the length of the whole text. */
int format_text_args(char *buffer, size_t bytes, const char *format, va_list args);
int format_text(char *buffer, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
