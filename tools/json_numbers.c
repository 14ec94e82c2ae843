/* The numbers in a JSON text. Source: RFC 8259. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "json_numbers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 64, KEY_BYTES = 64 };

struct json {
    const char *at, *end;
    struct json_numbers *out;
    const char *fault;
    unsigned depth;
    char path[JSON_PATH_BYTES];
    size_t length; /* of the path */
};

static bool json_wrong(struct json *json, const char *fault) {
    if (!json->fault) json->fault = fault;
    return false;
}

static char json_peek(struct json *json) {
    while (json->at < json->end && memchr(" \t\r\n", *json->at, 4)) json->at++;
    return json->at < json->end ? *json->at : 0;
}

static bool json_take(struct json *json, char letter) {
    if (json_peek(json) != letter) return false;
    json->at++;
    return true;
}

/* Append a letter, not one that commands a terminal; what has no room is left out. */
static size_t json_add_letter(char *to, size_t length, size_t room, char letter) {
    bool plain = (unsigned char)letter >= ' ' && letter != 0x7f;
    if (length + 1 < room) to[length++] = plain ? letter : '?';
    return length;
}

/* A text, its escapes as they are. */
static bool read_text(struct json *json, char *to, size_t room) {
    size_t length = 0;
    if (!json_take(json, '"')) return json_wrong(json, "it is no JSON: a text is expected");
    for (; json->at < json->end && *json->at != '"'; json->at++) {
        length = json_add_letter(to, length, room, *json->at);
        if (*json->at != '\\') continue;
        if (++json->at == json->end) break;
        length = json_add_letter(to, length, room, *json->at);
    }
    to[length] = 0;
    return json_take(json, '"') || json_wrong(json, "it is cut short");
}

/* strtod reads more than JSON allows, such as hexadecimal digits: these are not among the letters taken. */
static bool read_value(struct json *json, double *value) {
    char digits[NUMBER_BYTES], *end;
    size_t length = 0;
    json_peek(json);
    while (json->at < json->end && length + 1 < sizeof(digits) && memchr("+-.0123456789eE", *json->at, 15))
        digits[length++] = *json->at++;
    digits[length] = 0;
    *value = strtod(digits, &end);
    return (length > 0 && *end == 0 && *value - *value == 0) || json_wrong(json, "it has a number that is none");
}

static bool add_number(struct json *json, double value) {
    struct json_numbers *out = json->out;
    struct json_number *numbers = array_grow(out->numbers, out->count, &out->room, sizeof(*numbers));
    if (numbers) out->numbers = numbers;
    uint32_t path = numbers ? names_add(out->names, json->path, json->length) : NUMBER_NONE;
    if (path == NUMBER_NONE) return json_wrong(json, "there is not enough memory to read it");
    out->numbers[out->count++] = (struct json_number){path, value};
    return true;
}

/* Append to the path; what is too long is cut. */
static void extend_path(struct json *json, const char *before, const char *key, const char *after) {
    size_t room = sizeof(json->path) - json->length;
    int more = snprintf(json->path + json->length, room, "%s%.127s%s", before, key, after);
    if (more > 0) json->length += (size_t)more < room ? (size_t)more : room - 1;
}

static void cut_path(struct json *json, size_t length) {
    json->length = length;
    json->path[length] = 0;
}

static bool read_any(struct json *json);

/* The members of an object, whose bracket was taken. */
static bool read_members(struct json *json) {
    char key[KEY_BYTES];
    size_t length = json->length;
    if (json_take(json, '}')) return true;
    do {
        if (!read_text(json, key, sizeof(key)) ||
            !(json_take(json, ':') || json_wrong(json, "it is no JSON: : is expected")))
            return false;
        extend_path(json, length ? "." : "", key, "");
        if (!read_any(json)) return false;
        cut_path(json, length);
    } while (json_take(json, ','));
    return json_take(json, '}') || json_wrong(json, "it is cut short, or no JSON");
}

/* The name of a thing whose kind was just read, as in {"kind": "pool", "name": "jobs"}: "pool jobs". */
static void add_own_name(struct json *json, char *name, size_t room) {
    char key[KEY_BYTES];
    size_t length = strlen(name);
    if (!json_take(json, ',') || !read_text(json, key, sizeof(key)) || strcmp(key, "name") != 0 ||
        !json_take(json, ':') || json_peek(json) != '"' || !read_text(json, key, sizeof(key)) || !key[0])
        return;
    snprintf(name + length, room - length, " %s", key);
}

/* What an element is called: looks ahead, and changes nothing. */
static void name_element(struct json json, unsigned place, char *name, size_t room) {
    char key[KEY_BYTES];
    double value;
    snprintf(name, room, "%u", place);
    if (!json_take(&json, '{') || json_peek(&json) != '"' || !read_text(&json, key, sizeof(key)) ||
        !json_take(&json, ':'))
        return;
    if (json_peek(&json) == '"') {
        if (!read_text(&json, key, sizeof(key))) return;
        snprintf(name, room, "%s", key);
        add_own_name(&json, name, room);
    } else if (json_peek(&json) >= '0' && json_peek(&json) <= '9' && read_value(&json, &value)) {
        snprintf(name, room, "%.0f", value < 1e18 ? value : 1e18);
    }
}

static bool read_elements(struct json *json) {
    char name[2 * KEY_BYTES];
    size_t length = json->length;
    if (json_take(json, ']')) return true;
    unsigned place = 0;
    do {
        name_element(*json, place++, name, sizeof(name));
        extend_path(json, "[", name, "]");
        if (!read_any(json)) return false;
        cut_path(json, length);
    } while (json_take(json, ','));
    return json_take(json, ']') || json_wrong(json, "it is cut short, or no JSON");
}

static bool skip_literal(struct json *json) {
    static const char *const words[] = {"true", "false", "null"};
    json_peek(json);
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(json->end - json->at) < length || memcmp(json->at, words[i], length) != 0) continue;
        json->at += length;
        return true;
    }
    return json_wrong(json, json->at == json->end ? "it is cut short" : "it is no JSON");
}

static bool read_any(struct json *json) {
    char text[KEY_BYTES];
    double value;
    char letter = json_peek(json);
    if (letter == '"') return read_text(json, text, sizeof(text));
    if (letter == '-' || (letter >= '0' && letter <= '9')) return read_value(json, &value) && add_number(json, value);
    if (letter != '{' && letter != '[') return skip_literal(json);
    json->at++;
    if (++json->depth > JSON_DEPTH_MAX) return json_wrong(json, "it is nested too deeply");
    bool good = letter == '{' ? read_members(json) : read_elements(json);
    json->depth--;
    return good;
}

const char *json_numbers_read(struct json_numbers *numbers, struct names *names, const char *text, size_t length) {
    struct json json = {.at = text, .end = text + length, .out = numbers};
    *numbers = (struct json_numbers){.names = names};
    if (read_any(&json) && json_peek(&json))
        json_wrong(&json, "it has more than one line of statistics, or is no JSON");
    return json.fault;
}

void json_numbers_free(struct json_numbers *numbers) {
    free(numbers->numbers);
    numbers->numbers = NULL;
}
