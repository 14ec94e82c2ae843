/* Texts, each kept once and known by a number: equal texts have equal numbers. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "number_map.h"

struct names {
    char **texts;
    size_t count, room;
    struct number_map by_hash;
};

/* The number of a text of `length` bytes, which ends before a zero byte in it; NUMBER_NONE: there is no memory. */
uint32_t names_add(struct names *names, const char *text, size_t length);

/* The text of a number; "" for NUMBER_NONE. */
const char *names_text(const struct names *names, uint32_t name);

void names_free(struct names *names);
