/* Numbers as people type them: decimal or 0x hexadecimal, with K, M or G. */
/* SPDX-License-Identifier: MIT */
#include "number.h"

static uint32_t digit(char letter) {
    if (letter >= '0' && letter <= '9') return (uint32_t)(letter - '0');
    if ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'f') return (uint32_t)((letter | 0x20) - 'a' + 10);
    return 99;
}

static uint32_t unit_shift(char letter) {
    return letter == 'K' ? 10 : letter == 'M' ? 20 : letter == 'G' ? 30 : 0;
}

bool number_take(const char **cursor, uint64_t *number) {
    const char *text = *cursor;
    uint32_t base = 10;
    uint64_t value = 0;

    if (text[0] == '0' && text[1] == 'x' && digit(text[2]) < 16) {
        base = 16;
        text += 2;
    }
    if (digit(*text) >= base) return false;
    for (; digit(*text) < base; text++)
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit(*text), &value))
            return false;
    uint32_t shift = unit_shift(*text);
    if (value > UINT64_MAX >> shift) return false;
    *number = value << shift;
    *cursor = text + (shift > 0 ? 1 : 0);
    return true;
}
