/* Blocks with accounting: live bytes, their peak, and the scenarios that use them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct block {
    void *memory;
    size_t size_bytes;
};

struct account {
    size_t live_bytes, peak_bytes;
    size_t budget_bytes; /* the most live bytes in a scenario */
    uint64_t random;
    struct block *blocks; /* the scenario's own table, `capacity` entries, all empty at first */
    size_t capacity;
};

/* Put a new block into an empty entry, and write all of it. */
void put(struct account *account, struct block *block, size_t size_bytes);
/* Empty the entry, which may be empty already. */
void drop(struct account *account, struct block *block);

struct scenario {
    const char *name;
    void (*run)(struct account *account);
    const char *does;
};

/* Ends with a nameless entry. */
extern const struct scenario scenarios[];
