/* The string functions that the compiler and C files of a freestanding world need. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

/* Words of eight bytes at any address: normal memory allows them, and this type makes them legal C. Built with
 * -fno-tree-loop-distribute-patterns, or gcc would turn memset's loop into a call of memset. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    return memmove(to, from, bytes);
}

static void copy_up(uint8_t *to, const uint8_t *from, size_t bytes) {
    for (; bytes >= 16; bytes -= 16, to += 16, from += 16) {
        uint64_t low = ((const word *)from)[0];
        uint64_t high = ((const word *)from)[1];
        ((word *)to)[0] = low;
        ((word *)to)[1] = high;
    }
    for (; bytes > 0; bytes--) *to++ = *from++;
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t bytes) {
    for (; bytes >= 16; bytes -= 16) {
        uint64_t low = *(const word *)(from + bytes - 16);
        uint64_t high = *(const word *)(from + bytes - 8);
        *(word *)(to + bytes - 16) = low;
        *(word *)(to + bytes - 8) = high;
    }
    while (bytes-- > 0) to[bytes] = from[bytes];
}

void *memmove(void *to, const void *from, size_t bytes) {
    if ((uintptr_t)to - (uintptr_t)from >= bytes) /* to is not inside from[0..bytes) */
        copy_up(to, from, bytes);
    else
        copy_down(to, from, bytes);
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    uint8_t *cursor = to;
    uint64_t pattern = (uint8_t)value * 0x0101010101010101u;

    if (value == 0) {
        bzero(to, bytes);
        return to;
    }
    for (; bytes >= 8; bytes -= 8, cursor += 8) *(word *)cursor = pattern;
    for (; bytes > 0; bytes--) *cursor++ = (uint8_t)value;
    return to;
}

int memcmp(const void *left, const void *right, size_t bytes) {
    const uint8_t *a = left;
    const uint8_t *b = right;

    for (; bytes >= 8 && *(const word *)a == *(const word *)b; bytes -= 8, a += 8, b += 8)
        ;
    for (; bytes > 0; bytes--, a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}

void *memchr(const void *from, int value, size_t bytes) {
    for (const uint8_t *cursor = from; bytes > 0; bytes--, cursor++)
        if (*cursor == (uint8_t)value) return (void *)cursor;
    return NULL;
}

size_t strlen(const char *text) {
    size_t length = 0;

    while (text[length] != '\0') length++;
    return length;
}

int strcmp(const char *left, const char *right) {
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t bytes) {
    for (; bytes > 0; bytes--, left++, right++) {
        if (*left != *right) return (uint8_t)*left - (uint8_t)*right;
        if (*left == '\0') return 0;
    }
    return 0;
}

char *strchr(const char *text, int letter) {
    for (; *text != (char)letter; text++)
        if (*text == '\0') return NULL;
    return (char *)text;
}
