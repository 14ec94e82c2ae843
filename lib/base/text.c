/* Short texts built in a fixed buffer. */
/* SPDX-License-Identifier: MIT */
#include "base/text.h"

static void add_char(struct text *text, char c) {
    if (text->length < TEXT_BYTES) text->chars[text->length++] = c;
}

static void add_in_base(struct text *text, uint64_t number, unsigned base) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0) add_char(text, digits[--count]);
}

void text_add(struct text *text, const char *string) {
    while (*string) add_char(text, *string++);
}

void text_add_number(struct text *text, uint64_t number) {
    add_in_base(text, number, 10);
}

void text_add_address(struct text *text, const void *address) {
    text_add(text, "0x");
    add_in_base(text, (uintptr_t)address, 16);
}
