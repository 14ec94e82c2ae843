/* A map from numbers to numbers. */
/* SPDX-License-Identifier: MIT */
#include "number_map.h"
#include <stdlib.h>

struct number_pair {
    uint64_t key;
    uint32_t value; /* NUMBER_NONE: free */
};

static struct number_pair *pair_of(const struct number_map *map, uint64_t key) {
    size_t at = (size_t)((key ^ key >> 32) * 0x9e3779b97f4a7c15 >> 20) & (map->room - 1);
    while (map->pairs[at].value != NUMBER_NONE && map->pairs[at].key != key) at = (at + 1) & (map->room - 1);
    return &map->pairs[at];
}

uint32_t number_map_find(const struct number_map *map, uint64_t key) {
    return map->room ? pair_of(map, key)->value : NUMBER_NONE;
}

static bool number_map_widen(struct number_map *map) {
    struct number_map wide = {.count = map->count, .room = map->room ? 2 * map->room : 256};
    wide.pairs = malloc(wide.room * sizeof(*wide.pairs));
    if (!wide.pairs) return false;
    for (size_t i = 0; i < wide.room; i++) wide.pairs[i].value = NUMBER_NONE;
    for (size_t i = 0; i < map->room; i++)
        if (map->pairs[i].value != NUMBER_NONE) *pair_of(&wide, map->pairs[i].key) = map->pairs[i];
    free(map->pairs);
    *map = wide;
    return true;
}

bool number_map_add(struct number_map *map, uint64_t key, uint32_t value) {
    if (2 * map->count >= map->room && !number_map_widen(map)) return false;
    *pair_of(map, key) = (struct number_pair){key, value};
    map->count++;
    return true;
}

void number_map_free(struct number_map *map) {
    free(map->pairs);
    *map = (struct number_map){0};
}

void *array_grow(void *array, size_t count, size_t *room, size_t size) {
    if (count < *room) return array;
    size_t more = *room ? 2 * *room : 64;
    void *grown = reallocarray(array, more, size);
    if (grown) *room = more;
    return grown;
}
