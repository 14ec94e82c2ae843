/* A map from addresses to pointers: open addressing, at most half full, removal without tombstones. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address_entry {
    uintptr_t key; /* 0: an empty place */
    void *value;
};

/* All zero: empty. */
struct address_map {
    struct address_entry *entries;
    size_t mask, count; /* mask + 1 places; none while entries is NULL */
};

INLINE size_t address_place(const struct address_map *map, uintptr_t key) {
    return (size_t)((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & map->mask;
}

/* The value of `key`, which is not 0; NULL: there is none. */
INLINE void *address_find(const struct address_map *map, uintptr_t key) {
    if (unlikely(!map->entries)) return NULL;
    for (size_t i = address_place(map, key);; i = (i + 1) & map->mask) {
        if (map->entries[i].key == key) return map->entries[i].value;
        if (map->entries[i].key == 0) return NULL;
    }
}

/* Set the value of `key`. False: there is no memory, and nothing has changed. */
bool address_set(struct address_map *map, uintptr_t key, void *value);

/* Remove `key`, if it is there. */
void address_remove(struct address_map *map, uintptr_t key);

/* Free the map's memory; it is empty afterwards. */
void address_end(struct address_map *map);
