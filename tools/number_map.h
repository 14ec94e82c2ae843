/* A map from numbers to numbers: open addressing, at most half full. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_map {
    struct number_pair *pairs; /* NULL: empty */
    size_t count, room;        /* room: 0 or a power of two */
};

enum { NUMBER_NONE = UINT32_MAX };

/* The value of a key; NUMBER_NONE: it has none. */
uint32_t number_map_find(const struct number_map *map, uint64_t key);

/* Give a key that has no value one, other than NUMBER_NONE. False: there is no memory. */
bool number_map_add(struct number_map *map, uint64_t key, uint32_t value);

void number_map_free(struct number_map *map);

/* `array`, with room for one more element of `size` bytes after `count`; NULL: there is no memory, `array` stays. */
void *array_grow(void *array, size_t count, size_t *room, size_t size);
