/* Short texts built in a fixed buffer. */
/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include <stdbool.h>

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

size_t text_character_bytes(const char *string) {
    const unsigned char *text = (const unsigned char *)string;
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] == 0 || (text[0] >= 0x80 && (text[0] < 0xc2 || text[0] > 0xf4))) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool beyond = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : bytes;
}
