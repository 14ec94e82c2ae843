/* The string functions that the compiler and C files of a freestanding world need. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);
void *memchr(const void *from, int value, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t bytes);
char *strcpy(char *restrict to, const char *restrict from); /* boards only */
char *strchr(const char *text, int letter);

void bzero(void *start, size_t bytes); /* bzero.S */
