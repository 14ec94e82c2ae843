/* bzero and the string functions, swept over sizes and offsets against byte loops. */
/* SPDX-License-Identifier: MIT */
#include "ktest.h"
#include <string.h>

/* Guards of one whole ZVA block (64 bytes on our cores, at most 2048) on both sides would show a DC
 * ZVA that clears more than it should. */
enum { GUARD = 256, SMALL_MAX = 320, OFFSETS = 72, LARGE_MAX = 8000, BUFFER = 4 * 4096 };

static uint8_t buffer[BUFFER] __attribute__((aligned(4096)));
static uint8_t other[BUFFER] __attribute__((aligned(4096)));
static uint8_t model[BUFFER];

static uint8_t letter_at(uint32_t i) {
    return (uint8_t)(i * 7 + i / 251 + 1);
}

static void fill(uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) bytes[i] = letter_at(i);
}

static bool is_zeroed(uint32_t start, uint32_t bytes, uint32_t window) {
    for (uint32_t i = 0; i < window; i++) {
        uint8_t wanted = i - start < bytes ? 0 : letter_at(i); /* below start it wraps: large */
        if (buffer[i] != wanted) return false;
    }
    return true;
}

static bool zeroes_exactly(uint32_t start, uint32_t bytes) {
    uint32_t window = start + bytes + GUARD;

    if (window > BUFFER) return false;
    fill(buffer, window);
    bzero(buffer + start, bytes);
    return is_zeroed(start, bytes, window);
}

KTEST(string, bzero_clears_every_small_size_at_every_offset) {
    for (uint32_t bytes = 0; bytes <= SMALL_MAX; bytes++)
        for (uint32_t offset = 0; offset < OFFSETS; offset += bytes % 5 == 0 ? 1 : 7)
            require(zeroes_exactly(GUARD + offset, bytes));
}

KTEST(string, bzero_clears_large_sizes) {
    struct random random = random_seeded(2);

    require(zeroes_exactly(4096, 4096));
    for (int i = 0; i < 200; i++)
        require(
            zeroes_exactly(GUARD + (uint32_t)random_below(&random, 4096), (uint32_t)random_below(&random, LARGE_MAX)));
}

KTEST(string, memset_fills_exactly) {
    for (uint32_t bytes = 0; bytes < 70; bytes++) {
        for (uint32_t offset = 0; offset < 16; offset++) {
            fill(buffer, 128);
            memset(buffer + 16 + offset, 0x1a5, bytes);
            for (uint32_t i = 0; i < 128; i++) require(buffer[i] == (i - 16 - offset < bytes ? 0xa5 : letter_at(i)));
        }
    }
}

static bool moves_as_by_bytes(uint32_t to, uint32_t from, uint32_t bytes, uint32_t window) {
    fill(buffer, window);
    fill(model, window);
    fill(other, window);
    for (uint32_t i = 0; i < bytes; i++) model[to + i] = other[from + i];
    return memmove(buffer + to, buffer + from, bytes) == buffer + to && memcmp(buffer, model, window) == 0;
}

KTEST(string, memmove_survives_every_overlap) {
    for (uint32_t bytes = 0; bytes < 67; bytes++)
        for (uint32_t to = 8; to < 60; to += 3)
            for (uint32_t from = 8; from < 60; from += 5) require(moves_as_by_bytes(to, from, bytes, 160));
    require(moves_as_by_bytes(1, 4000, 4096, 8200));
    require(moves_as_by_bytes(4000, 1, 4096, 8200));
}

KTEST(string, memcmp_finds_every_difference) {
    fill(buffer, 64);
    fill(other, 64);
    require(memcmp(buffer, other, 64) == 0);
    for (uint32_t i = 0; i < 64; i++) {
        other[i] = (uint8_t)(buffer[i] ^ 0x80);
        int sign = buffer[i] < other[i] ? -1 : 1;
        for (uint32_t start = 0; start <= i; start++) {
            require(memcmp(buffer + start, other + start, 64 - start) * sign > 0);
            require(memcmp(buffer + start, other + start, i - start) == 0);
        }
        other[i] = buffer[i];
    }
}

KTEST(string, texts_compare_and_search) {
    expect(strcmp("core", "core") == 0 && strcmp("cor", "core") < 0 && strcmp("d", "core") > 0);
    expect(strncmp("core1", "core2", 4) == 0 && strncmp("core1", "core2", 5) < 0);
    expect(strlen("") == 0 && strlen("seven..") == 7);
    expect(strchr("abc", 'c')[0] == 'c' && strchr("abc", 'd') == NULL && *strchr("abc", 0) == 0);
    expect(memchr("abc", 'b', 3) != NULL && memchr("abc", 'c', 2) == NULL);
}
