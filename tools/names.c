/* Texts, each kept once. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "names.h"
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text, size_t length) {
    uint64_t hash = length;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
    return hash;
}

static bool names_have_room(struct names *names) {
    char **texts = array_grow(names->texts, names->count, &names->room, sizeof(*texts));
    if (texts) names->texts = texts;
    return texts && names->count < NUMBER_NONE - 1;
}

/* A hash that is taken by another text leads on to the next number: so the map needs no change of values. */
uint32_t names_add(struct names *names, const char *text, size_t length) {
    length = strnlen(text, length);
    for (uint64_t hash = hash_of(text, length);; hash++) {
        uint32_t name = number_map_find(&names->by_hash, hash);
        if (name == NUMBER_NONE) {
            char *copy = names_have_room(names) ? strndup(text, length) : NULL;
            name = (uint32_t)names->count;
            if (!copy || !number_map_add(&names->by_hash, hash, name)) {
                free(copy);
                return NUMBER_NONE;
            }
            names->texts[names->count++] = copy;
            return name;
        }
        if (strncmp(names->texts[name], text, length) == 0 && !names->texts[name][length]) return name;
    }
}

const char *names_text(const struct names *names, uint32_t name) {
    return name < names->count ? names->texts[name] : "";
}

void names_free(struct names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->texts[i]);
    free(names->texts);
    number_map_free(&names->by_hash);
    *names = (struct names){0};
}
