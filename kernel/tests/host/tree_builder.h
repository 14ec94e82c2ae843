/* Builds flattened device trees for the tests, valid ones and broken ones. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

enum { TREE_BYTES_MAX = 16384 };

struct tree_builder {
    uint8_t structure[TREE_BYTES_MAX];
    char strings[1024];
    uint64_t reservations[32][2];
    uint32_t structure_bytes, strings_bytes, reservation_count;
};

enum { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROPERTY = 3, TOKEN_NOP = 4, TOKEN_FINISH = 9 };

void tree_start(struct tree_builder *tree); /* opens the root */
void tree_word(struct tree_builder *tree, uint32_t word);
void tree_open(struct tree_builder *tree, const char *name);
void tree_close(struct tree_builder *tree);
void tree_bytes(struct tree_builder *tree, const char *name, const void *value, uint32_t bytes);
void tree_text(struct tree_builder *tree, const char *name, const char *text);
void tree_cells(struct tree_builder *tree, const char *name, uint32_t count, ...); /* of uint32_t */
void tree_reserve(struct tree_builder *tree, uint64_t start, uint64_t bytes);

/* Closes the root; returns a malloc'ed blob of exactly its size, so that a sanitizer guards both
 * ends. */
uint8_t *tree_finish(struct tree_builder *tree, uint32_t *bytes);

/* Header words by number: 0 magic, 1 size, 2 structure, 3 strings, 4 reservations, 5 version,
 * 6 compatible, 8 strings size, 9 structure size. */
uint32_t tree_header(const uint8_t *blob, int word);
void tree_set_header(uint8_t *blob, int word, uint32_t value);
