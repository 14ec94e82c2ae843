/* The current values of the options. */
/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "base/bits.h"
#include "process.h"

enum { TEXT_MAX = 256 };

static struct {
    uint64_t number;
    uint8_t source;
    char text[TEXT_MAX]; /* a copy, because a program may overwrite its environment */
} values[OPTION_COUNT];

COLD bool option_is_set(enum option_id id) {
    return values[id].source != OPTION_BY_NOBODY;
}

COLD uint64_t option_number(enum option_id id) {
    const char *initial = option_table[id].initial;
    uint64_t number = 0;
    if (option_is_set(id)) return values[id].number;
    if (option_table[id].kind == OPTION_PATH) return 0;
    size_t length = 0;
    while (initial[length]) length++;
    option_read(id, initial, length, &number);
    return number;
}

COLD const char *option_text(enum option_id id) {
    return values[id].text;
}

COLD const char *option_now(enum option_id id) {
    if (!option_is_set(id)) return option_table[id].initial;
    return values[id].text[0] || option_table[id].kind == OPTION_PATH ? values[id].text : "yes";
}

COLD bool options_apply(long begun_in) {
    return process_id() == begun_in || (option_number(OPTION_CHILDREN) && !option_number(OPTION_PID));
}

COLD enum option_set option_set(enum option_id id, const char *text, size_t length, enum option_source source) {
    uint64_t number;
    if (!option_read(id, text, length, &number) || length >= TEXT_MAX) return OPTION_IS_WRONG;
    if (source < values[id].source) return OPTION_IS_WEAKER;
    values[id].number = number;
    values[id].source = (uint8_t)source;
    for (size_t i = 0; i < length; i++) values[id].text[i] = text[i];
    values[id].text[length] = 0;
    return OPTION_IS_SET;
}
