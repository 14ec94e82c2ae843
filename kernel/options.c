/* What the boot arguments ask for: `test=all seed=1 iters=20000 hz=5000`. */
/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "number.h"
#include <stddef.h>
#include <string.h>

static bool is_end(char letter) {
    return letter == '\0' || letter == ' ';
}

/* The value's position if `word` begins with `key`, else NULL. */
static const char *value_of(const char *word, const char *key) {
    size_t length = strlen(key);

    return strncmp(word, key, length) == 0 ? word + length : NULL;
}

static void copy_word(char *to, const char *word) {
    size_t length = 0;

    for (; !is_end(word[length]) && length < OPTION_TEXT_MAX - 1; length++) to[length] = word[length];
    to[length] = '\0';
}

static bool parse_number(struct options *options, const char *word) {
    static const struct {
        const char *key;
        size_t place;
    } numbers[] = {
        {"seed=", offsetof(struct options, seed)},     {"iters=", offsetof(struct options, iters)},
        {"hz=", offsetof(struct options, hz)},         {"ram=", offsetof(struct options, ram)},
        {"cores=", offsetof(struct options, cores)},   {"el=", offsetof(struct options, el)},
        {"gic=", offsetof(struct options, gic)},       {"patience=", offsetof(struct options, patience)},
        {"beyond=", offsetof(struct options, beyond)}, {"callers=", offsetof(struct options, callers)},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *value = value_of(word, numbers[i].key);
        uint64_t number;
        if (value != NULL && number_take(&value, &number) && is_end(*value)) {
            *(uint64_t *)((char *)options + numbers[i].place) = number;
            return true;
        }
    }
    return false;
}

static bool parse_hole(struct options *options, const char *word) {
    const char *value = value_of(word, "hole=");
    struct range hole;
    uint64_t bytes;

    if (value == NULL || !number_take(&value, &hole.start) || *value++ != '+' || !number_take(&value, &bytes) ||
        !is_end(*value) || __builtin_add_overflow(hole.start, bytes, &hole.end))
        return false;
    return ranges_append(&options->holes, hole);
}

static bool parse_mode(struct options *options, const char *word) {
    const char *test = value_of(word, "test=");
    const char *shell = value_of(word, "repl");
    const char *wcet = value_of(word, "wcet");

    if (test != NULL && !is_end(*test)) {
        options->mode = MODE_TEST;
        copy_word(options->test, test);
        return true;
    }
    if (shell != NULL && is_end(*shell)) {
        options->mode = MODE_SHELL;
        return true;
    }
    if (wcet != NULL && is_end(*wcet)) {
        options->mode = MODE_WCET;
        return true;
    }
    return false;
}

void options_parse(struct options *options, const char *bootargs) {
    memset(options, 0, sizeof *options);
    options->seed = 1;
    options->iters = 2000;
    options->hz = 1000;
    options->patience = 60000;
    for (const char *word = bootargs; *word != '\0';) {
        if (!is_end(*word) && !parse_mode(options, word) && !parse_number(options, word) &&
            !parse_hole(options, word) && options->unknown[0] == '\0')
            copy_word(options->unknown, word);
        while (!is_end(*word)) word++;
        while (*word == ' ') word++;
    }
}
