/* Builds flattened device trees for the tests, valid ones and broken ones. */
/* SPDX-License-Identifier: MIT */
#include "tree_builder.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 40 };

static void put_big(uint8_t *to, uint32_t word) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(word >> (24 - 8 * i));
}

void tree_start(struct tree_builder *tree) {
    memset(tree, 0, sizeof *tree);
    tree_open(tree, "");
}

void tree_word(struct tree_builder *tree, uint32_t word) {
    assert(tree->structure_bytes + 4 <= TREE_BYTES_MAX);
    put_big(tree->structure + tree->structure_bytes, word);
    tree->structure_bytes += 4;
}

static void put_padded(struct tree_builder *tree, const void *value, uint32_t bytes) {
    assert(tree->structure_bytes + bytes + 4 <= TREE_BYTES_MAX);
    memcpy(tree->structure + tree->structure_bytes, value, bytes);
    tree->structure_bytes += (bytes + 3) & ~3u;
}

void tree_open(struct tree_builder *tree, const char *name) {
    tree_word(tree, TOKEN_BEGIN);
    put_padded(tree, name, (uint32_t)strlen(name) + 1);
}

void tree_close(struct tree_builder *tree) {
    tree_word(tree, TOKEN_END);
}

static uint32_t string_offset(struct tree_builder *tree, const char *name) {
    uint32_t offset = tree->strings_bytes;

    assert(offset + strlen(name) + 1 <= sizeof tree->strings);
    strcpy(tree->strings + offset, name);
    tree->strings_bytes += (uint32_t)strlen(name) + 1;
    return offset;
}

void tree_bytes(struct tree_builder *tree, const char *name, const void *value, uint32_t bytes) {
    tree_word(tree, TOKEN_PROPERTY);
    tree_word(tree, bytes);
    tree_word(tree, string_offset(tree, name));
    put_padded(tree, value, bytes);
}

void tree_text(struct tree_builder *tree, const char *name, const char *text) {
    tree_bytes(tree, name, text, (uint32_t)strlen(text) + 1);
}

void tree_cells(struct tree_builder *tree, const char *name, uint32_t count, ...) {
    uint8_t cells[32 * 4];
    va_list args;

    assert(count <= 32);
    va_start(args, count);
    for (uint32_t i = 0; i < count; i++) put_big(cells + i * 4, va_arg(args, uint32_t));
    va_end(args);
    tree_bytes(tree, name, cells, count * 4);
}

void tree_reserve(struct tree_builder *tree, uint64_t start, uint64_t bytes) {
    assert(tree->reservation_count < 31);
    tree->reservations[tree->reservation_count][0] = start;
    tree->reservations[tree->reservation_count++][1] = bytes;
}

uint8_t *tree_finish(struct tree_builder *tree, uint32_t *bytes) {
    tree_close(tree);
    tree_word(tree, TOKEN_FINISH);

    uint32_t structure = HEADER_BYTES + (tree->reservation_count + 1) * 16;
    uint32_t strings = structure + tree->structure_bytes;
    *bytes = strings + tree->strings_bytes;
    uint8_t *blob = malloc(*bytes);
    assert(blob != NULL);
    memset(blob, 0, *bytes);
    uint32_t header[10] = {
        0xd00dfeed, *bytes, structure, strings, HEADER_BYTES, 17, 16, 0, tree->strings_bytes, tree->structure_bytes};
    for (int i = 0; i < 10; i++) tree_set_header(blob, i, header[i]);
    for (uint32_t i = 0; i < tree->reservation_count * 2; i++) {
        uint64_t number = tree->reservations[i / 2][i % 2];
        put_big(blob + HEADER_BYTES + i * 8, (uint32_t)(number >> 32));
        put_big(blob + HEADER_BYTES + i * 8 + 4, (uint32_t)number);
    }
    memcpy(blob + structure, tree->structure, tree->structure_bytes);
    memcpy(blob + strings, tree->strings, tree->strings_bytes);
    return blob;
}

uint32_t tree_header(const uint8_t *blob, int word) {
    const uint8_t *at = blob + word * 4;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void tree_set_header(uint8_t *blob, int word, uint32_t value) {
    put_big(blob + word * 4, value);
}
