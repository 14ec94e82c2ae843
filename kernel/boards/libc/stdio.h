/* The part of stdio that the test programs use. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

typedef struct file FILE;
#define stderr ((FILE *)0)

int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t fwrite(const void *from, size_t size, size_t count, FILE *file);
