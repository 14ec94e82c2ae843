/* The contents of a test's block: words that tell the block and the place, so that a mix-up shows. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct held {
    unsigned char *at;
    size_t size;    /* as asked for */
    uint64_t stamp; /* of the contents */
};

/* Write the contents; of a large block only the words that contents_hold() checks. */
void contents_fill(const struct held *block);

/* Whether the first `bytes` bytes are as they were filled. */
bool contents_hold(const struct held *block, size_t bytes);

bool contents_are_zero(const void *at, size_t bytes);
