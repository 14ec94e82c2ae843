/* The numbers in a JSON text, each with the way to it: {"a": [{"size": 16, "used": 3}]} has a[16].used = 3. An element
 * of an array is called by the first member that it has, if that is a number or a text, and by its "name" if that comes
 * second, as named[pool jobs].count, else by its place. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "names.h"

enum { JSON_DEPTH_MAX = 64, JSON_PATH_BYTES = 256 };

struct json_number {
    uint32_t path; /* a name */
    double value;
};

struct json_numbers {
    struct names *names; /* may be shared with others */
    struct json_number *numbers;
    size_t count, room;
};

/* Read them. NULL, or what is wrong with the text, as a sentence. json_numbers_free() is due after either. */
const char *json_numbers_read(struct json_numbers *numbers, struct names *names, const char *text, size_t length);
void json_numbers_free(struct json_numbers *numbers);
