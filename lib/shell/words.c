/* Parses the shell's input: words, numbers, and the name that a misspelt word is most like. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"

enum { WORD_MAX = 24 };

bool shell_same(const char *left, const char *right) {
    while (*left && *left == *right) left++, right++;
    return *left == *right;
}

bool shell_split(struct shell *shell, const char *line) {
    uint32_t length = 0;
    for (; line[length] && length < SHELL_LINE_MAX - 1; length++) {
        bool blank = line[length] == ' ' || line[length] == '\t' || line[length] == '\r' || line[length] == '\n';
        shell->line[length] = blank ? 0 : line[length];
    }
    shell->line[length] = 0;
    shell->word_count = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (shell->line[i] == 0 || (i > 0 && shell->line[i - 1] != 0)) continue;
        if (shell->line[i] == '#') break;
        if (shell->word_count == SHELL_WORDS_MAX) return false;
        shell->words[shell->word_count++] = &shell->line[i];
    }
    shell->words[shell->word_count] = NULL;
    return line[length] == 0;
}

/* ---- numbers ---- */

static uint32_t digit(char letter) {
    if (letter >= '0' && letter <= '9') return (uint32_t)(letter - '0');
    if ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'f') return (uint32_t)((letter | 0x20) - 'a' + 10);
    return 99;
}

bool shell_take_number(const char **text, uint64_t *number) {
    const char *at = *text;
    uint32_t base = at[0] == '0' && (at[1] | 0x20) == 'x' ? 16 : 10;
    uint64_t value = 0;
    if (base == 16) at += 2;
    if (digit(*at) >= base) return false;
    for (; digit(*at) < base; at++) {
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit(*at), &value))
            return false;
    }
    uint32_t shift = *at == 'K' ? 10 : *at == 'M' ? 20 : *at == 'G' ? 30 : 0;
    if (shift > 0) at++;
    if (value > UINT64_MAX >> shift) return false;
    *number = value << shift;
    *text = at;
    return true;
}

bool shell_number(const char *text, uint64_t *number) {
    uint64_t value;
    if (!shell_take_number(&text, &value) || *text) return false;
    *number = value;
    return true;
}

/* ---- names ---- */

bool shell_begins_with(const char *text, const char *beginning) {
    while (*beginning && *text == *beginning) text++, beginning++;
    return *beginning == 0;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static uint32_t word_length(const char *text) {
    uint32_t length = 0;
    while (text[length] && length < WORD_MAX) length++;
    return length;
}

/* The number of letters to add, drop, change or swap with their neighbour to make one word the other
 * (Damerau, 1964). */
static uint32_t distance(const char *left, const char *right) {
    uint32_t rows[3][WORD_MAX + 1], wide = word_length(right), high = word_length(left);
    for (uint32_t i = 0; i <= wide; i++) rows[0][i] = i;
    for (uint32_t row = 1; row <= high; row++) {
        uint32_t *now = rows[row % 3], *above = rows[(row + 2) % 3], *two_above = rows[(row + 1) % 3];
        now[0] = row;
        for (uint32_t i = 1; i <= wide; i++) {
            now[i] = least(least(above[i], now[i - 1]) + 1, above[i - 1] + (left[row - 1] != right[i - 1]));
            if (row > 1 && i > 1 && left[row - 1] == right[i - 2] && left[row - 2] == right[i - 1])
                now[i] = least(now[i], two_above[i - 2] + 1);
        }
    }
    return rows[high % 3][wide];
}

const char *shell_nearest(const char *word, const char *const *names, uint32_t count, size_t step) {
    const char *best = NULL;
    uint32_t best_distance = word_length(word) / 2 + 1;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)((const char *)names + i * step);
        uint32_t far = word_length(word) > 1 && shell_begins_with(name, word) ? 0 : distance(word, name);
        if (far >= best_distance) continue;
        best = name;
        best_distance = far;
    }
    return best;
}
