/* Parses and compares the values of options. */
/* SPDX-License-Identifier: MIT */
#include "option_values.h"
#include "base/bits.h"

enum { WORD_MAX = 24 };

COLD size_t value_length(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

COLD bool value_is(const char *word, const char *text, size_t length) {
    size_t i = 0;
    while (i < length && word[i] && word[i] == text[i]) i++;
    return i == length && !word[i];
}

COLD int value_find_word(const char *words, const char *text, size_t length) {
    for (int index = 0;; index++) {
        size_t end = 0;
        while (words[end] && words[end] != '|') end++;
        size_t i = 0;
        while (i < end && i < length && words[i] == text[i]) i++;
        if (i == end && i == length) return index;
        if (!words[end]) return -1;
        words += end + 1;
    }
}

COLD bool value_read_flag(const char *text, size_t length, uint64_t *flag) {
    int word = value_find_word("1|yes|on|true|0|no|off|false", text, length);
    *flag = length == 0 || word < 4;
    return length == 0 || word >= 0;
}

/* Read a number with up to three decimals, in thousandths; returns how many characters it has, 0: it is invalid. */
static size_t read_thousandths(const char *text, size_t length, uint64_t *value) {
    size_t i = 0;
    uint64_t part = 100;
    for (*value = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++) {
        if (*value > UINT64_MAX / 20000) return 0;
        *value = *value * 10 + (uint64_t)(text[i] - '0');
    }
    if (i == 0) return 0;
    *value *= 1000;
    if (i == length || text[i] != '.') return i;
    for (i++; i < length && text[i] >= '0' && text[i] <= '9'; i++, part /= 10)
        *value += part * (uint64_t)(text[i] - '0');
    return i;
}

COLD bool value_read_size(const char *text, size_t length, uint64_t *bytes) {
    uint64_t thousandths;
    size_t at = read_thousandths(text, length, &thousandths);
    unsigned shift = 0;
    if (at == 0) return false;
    if (at < length) {
        static const char letters[] = "KMGT";
        char letter = text[at] >= 'a' ? (char)(text[at] - 'a' + 'A') : text[at];
        while (letters[shift] && letters[shift] != letter) shift++;
        if (!letters[shift] && letter != 'B') return false;
        shift = letters[shift] ? 10 * (shift + 1) : 0;
        at += 1;
        if (at < length && shift > 0 && value_is("iB", text + at, length - at)) at = length;
        if (at < length && shift > 0 && value_is("B", text + at, length - at)) at = length;
    }
    if (at != length || thousandths >= (UINT64_C(1) << 62) >> shift) return false;
    *bytes = (thousandths << shift) / 1000;
    return true;
}

COLD bool value_read_time(const char *text, size_t length, uint64_t *ms) {
    uint64_t thousandths;
    size_t at = read_thousandths(text, length, &thousandths);
    if (at == 0 || thousandths > UINT64_C(1) << 50) return false;
    static const uint16_t seconds[] = {1, 60, 3600};
    int unit = at == length ? 0 : value_find_word("ms|s|m|h", text + at, length - at);
    if (unit < 0) return false;
    *ms = unit == 0 ? thousandths / 1000 : thousandths * seconds[unit - 1];
    return true;
}

COLD bool value_matches(const char *name, const char *pattern) {
    const char *star = NULL, *from = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}

/* Computes the Levenshtein distance by rows: each has the distances of a prefix of `one` to all prefixes of `two`. */
COLD unsigned value_distance(const char *one, const char *two, size_t two_length) {
    unsigned row[WORD_MAX + 1];
    if (two_length > WORD_MAX) return WORD_MAX;
    for (size_t k = 0; k <= two_length; k++) row[k] = (unsigned)k;
    for (; *one; one++) {
        unsigned before = row[0]++;
        for (size_t k = 1; k <= two_length; k++) {
            unsigned change = before + (*one != two[k - 1]), other = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            before = row[k];
            row[k] = change < other ? change : other;
        }
    }
    return row[two_length];
}
