/* Reads a heap profile in gperftools' text:
 *
 *   heap profile:     1:       21 [     2:       42] @ heap_v2/524288      live and all: blocks, bytes; the rate
 *        1:       21 [     2:       42] @ 0x55d0c5 0x7f12aa                the same for a call stack, innermost first
 *
 *   MAPPED_LIBRARIES:
 *   55d000-55e000 r-xp 00001000 08:01 1234 /usr/bin/program              lines of /proc/PID/maps                   */
/* SPDX-License-Identifier: MIT */
#include "heap_profile_formats.h"
#include <math.h>
#include <string.h>

/* What is still to be read. */
struct text {
    const char *at, *end;
    size_t line; /* counted from 1 */
};

static void skip_blanks(struct text *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t' || *text->at == '\r')) text->at++;
}

static bool skip_word(struct text *text, const char *word) {
    size_t length = strlen(word);
    skip_blanks(text);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0) return false;
    text->at += length;
    return true;
}

static int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : 16;
}

/* False: here is no number, or one of more than 64 bits. */
static bool read_digits(struct text *text, unsigned base, uint64_t *number) {
    skip_blanks(text);
    const char *from = text->at;
    *number = 0;
    for (unsigned digit; text->at < text->end && (digit = (unsigned)digit_of(*text->at)) < base; text->at++) {
        if (__builtin_mul_overflow(*number, base, number) || __builtin_add_overflow(*number, digit, number))
            return false;
    }
    return text->at > from;
}

static bool read_hex(struct text *text, uint64_t *number) {
    (void)(skip_word(text, "0x") || skip_word(text, "0X"));
    return read_digits(text, 16, number);
}

/* "1: 21 [2: 42] @" */
static bool read_sums(struct text *text, double *values) {
    static const char *const after[PROFILE_VALUES] = {":", "[", ":", "]"};
    for (int i = 0; i < PROFILE_VALUES; i++) {
        uint64_t number;
        if (!read_digits(text, 10, &number) || !skip_word(text, after[i])) return false;
        values[i] = (double)number;
    }
    return skip_word(text, "@");
}

/* A sample of so many blocks stands for more: a block of n bytes is sampled with probability 1 - exp(-n / rate). */
static void scale(double *blocks, double *bytes, uint64_t rate) {
    if (rate <= 1 || *blocks == 0 || *bytes == 0) return;
    double factor = -1 / expm1(-*bytes / *blocks / (double)rate);
    *blocks *= factor;
    *bytes *= factor;
}

/* The index of the location of an address, which is added if it is new; NUMBER_NONE: there is no memory. */
static uint32_t location_at(struct heap_profile *profile, struct number_map *known, uint64_t address) {
    uint32_t location = number_map_find(known, address);
    if (location != NUMBER_NONE) return location;
    location = (uint32_t)profile->location_count;
    if (!heap_profile_add_location(profile, address)) return NUMBER_NONE;
    if (number_map_add(known, address, location)) return location;
    heap_profile_fail(profile, "there is not enough memory to read it");
    return NUMBER_NONE;
}

/* The first address lies within its call already, the others are return addresses. */
static bool read_stack(struct heap_profile *profile, struct number_map *known, struct text *text) {
    struct profile_sample sample = {.frame = profile->frame_count};
    if (!read_sums(text, sample.values)) return heap_profile_fail(profile, "line %zu is no sample", text->line);
    scale(&sample.values[LIVE_BLOCKS], &sample.values[LIVE_BYTES], profile->rate);
    scale(&sample.values[ALL_BLOCKS], &sample.values[ALL_BYTES], profile->rate);
    for (uint64_t address; skip_blanks(text), text->at < text->end;) {
        if (!read_hex(text, &address) || sample.depth == PROFILE_DEPTH_MAX)
            return heap_profile_fail(profile, "line %zu is no call stack", text->line);
        uint32_t location = location_at(profile, known, address - (sample.depth > 0 && address > 0));
        if (location == NUMBER_NONE || !heap_profile_add_frame(profile, location)) return false;
        sample.depth++;
    }
    return heap_profile_add_sample(profile, &sample);
}

/* A line of /proc/PID/maps; those without a file or without code are not kept. */
static bool read_mapping(struct heap_profile *profile, struct text *text) {
    struct profile_module module = {.build_id = NUMBER_NONE};
    uint64_t ignored;
    if (!read_hex(text, &module.from) || !skip_word(text, "-") || !read_hex(text, &module.to))
        return heap_profile_fail(profile, "line %zu is no mapping", text->line);
    skip_blanks(text);
    bool code = text->end - text->at > 3 && text->at[2] == 'x';
    while (text->at < text->end && *text->at != ' ') text->at++;
    bool whole = read_hex(text, &module.offset) && read_hex(text, &ignored) && skip_word(text, ":") &&
                 read_hex(text, &ignored) && read_digits(text, 10, &ignored);
    if (!whole) return heap_profile_fail(profile, "line %zu is no mapping", text->line);
    skip_blanks(text);
    if (!code || text->at == text->end || module.to <= module.from) return true;
    module.path = names_add(profile->names, text->at, (size_t)(text->end - text->at));
    return heap_profile_add_module(profile, &module);
}

/* The next line, without its end, in `line`. False: there is none. */
static bool next_line(struct text *text, struct text *line) {
    if (text->at == text->end) return false;
    const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
    *line = (struct text){text->at, end ? end : text->end, ++text->line};
    text->at = end ? end + 1 : text->end;
    return true;
}

static bool read_first_line(struct heap_profile *profile, struct text *line) {
    double sums[PROFILE_VALUES];
    if (!skip_word(line, "heap profile:") || !read_sums(line, sums))
        return heap_profile_fail(profile, "its first line has no sums");
    if (skip_word(line, "heap_v2/") && (!read_digits(line, 10, &profile->rate) || profile->rate == 0))
        return heap_profile_fail(profile, "its first line has no rate of sampling");
    return true;
}

static bool read_lines(struct heap_profile *profile, struct number_map *known, struct text *text) {
    struct text line;
    bool mapped = false, good = next_line(text, &line) && read_first_line(profile, &line);
    while (good && next_line(text, &line)) {
        skip_blanks(&line);
        if (line.at == line.end) continue;
        if (mapped)
            good = read_mapping(profile, &line);
        else if (skip_word(&line, "MAPPED_LIBRARIES:"))
            mapped = true;
        else
            good = read_stack(profile, known, &line);
    }
    if (good && (!mapped || text->end[-1] != '\n'))
        return heap_profile_fail(profile, "it is cut short: it ends before its list of mapped libraries does");
    return good;
}

bool heap_profile_parse_text(struct heap_profile *profile, const char *bytes, size_t length) {
    struct text text = {bytes, bytes + length, 0};
    struct number_map known = {0};
    bool good = read_lines(profile, &known, &text);
    number_map_free(&known);
    return good;
}
