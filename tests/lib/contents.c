/* The contents of a test's block. */
/* SPDX-License-Identifier: MIT */
#include "contents.h"
#include <string.h>

enum { WHOLE_BYTES = 16384, STRIDE_BYTES = 2048 };

static uint64_t word_of(uint64_t stamp, size_t offset) {
    return (stamp ^ offset) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

/* Beyond the beginning of a large block only some words, at regular distances, are filled. */
static size_t next_word(size_t offset) {
    return offset < WHOLE_BYTES ? offset + sizeof(uint64_t) : offset + STRIDE_BYTES;
}

/* The last bytes of a block, which neither an overflow from the block before nor a short copy would reach. */
static size_t tail_of(size_t size) {
    return size > WHOLE_BYTES + 64 ? size - 64 : size & ~(sizeof(uint64_t) - 1);
}

void contents_fill(const struct held *block) {
    for (size_t at = 0; at + sizeof(uint64_t) <= block->size; at = next_word(at)) {
        uint64_t word = word_of(block->stamp, at);
        memcpy(block->at + at, &word, sizeof(word));
    }
    size_t tail = tail_of(block->size);
    memset(block->at + tail, (int)(block->stamp | 1), block->size - tail);
}

bool contents_hold(const struct held *block, size_t bytes) {
    size_t tail = tail_of(block->size);
    for (size_t at = 0; at + sizeof(uint64_t) <= bytes && at + sizeof(uint64_t) <= tail; at = next_word(at)) {
        uint64_t word = word_of(block->stamp, at);
        if (memcmp(block->at + at, &word, sizeof(word)) != 0) return false;
    }
    for (size_t at = tail; at < bytes; at++) {
        if (block->at[at] != (unsigned char)(block->stamp | 1)) return false;
    }
    return true;
}

bool contents_are_zero(const void *at, size_t bytes) {
    const unsigned char *p = at;
    return bytes == 0 || (p[0] == 0 && memcmp(p, p + 1, bytes - 1) == 0);
}
