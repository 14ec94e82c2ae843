/* A map from addresses to pointers. */
/* SPDX-License-Identifier: MIT */
#include "extras/address_map.h"
#include "heap/fast.h"

enum { PLACES_FIRST = 64 };

static void insert(struct address_map *map, struct address_entry entry) {
    size_t i = address_place(map, entry.key);
    while (map->entries[i].key != 0) i = (i + 1) & map->mask;
    map->entries[i] = entry;
    map->count++;
}

static bool grow(struct address_map *map) {
    size_t places = map->entries ? (map->mask + 1) * 2 : PLACES_FIRST;
    struct address_map larger = {.mask = places - 1};
    larger.entries = entry_zeroed(places * sizeof(*larger.entries));
    if (!larger.entries) return false;
    for (size_t i = 0; map->entries && i <= map->mask; i++)
        if (map->entries[i].key != 0) insert(&larger, map->entries[i]);
    if (map->entries) entry_free(map->entries, heap_self);
    *map = larger;
    return true;
}

static struct address_entry *address_entry_of(const struct address_map *map, uintptr_t key) {
    for (size_t i = address_place(map, key); map->entries[i].key != 0; i = (i + 1) & map->mask)
        if (map->entries[i].key == key) return &map->entries[i];
    return NULL;
}

bool address_set(struct address_map *map, uintptr_t key, void *value) {
    struct address_entry *known = map->entries ? address_entry_of(map, key) : NULL;
    if (known) {
        known->value = value;
        return true;
    }
    if ((!map->entries || (map->count + 1) * 2 > map->mask + 1) && !grow(map)) return false;
    insert(map, (struct address_entry){key, value});
    return true;
}

/* Entries behind the gap move into it if their look-up passes it, because look-ups stop at an empty place. Knuth, The
 * Art of Computer Programming, volume 3, section 6.4, algorithm R. */
void address_remove(struct address_map *map, uintptr_t key) {
    struct address_entry *entry = map->entries ? address_entry_of(map, key) : NULL;
    if (!entry) return;
    size_t gap = (size_t)(entry - map->entries);
    for (size_t i = (gap + 1) & map->mask; map->entries[i].key != 0; i = (i + 1) & map->mask) {
        size_t home = address_place(map, map->entries[i].key);
        if (((i - home) & map->mask) < ((i - gap) & map->mask)) continue;
        map->entries[gap] = map->entries[i];
        gap = i;
    }
    map->entries[gap] = (struct address_entry){0, NULL};
    map->count--;
}

void address_end(struct address_map *map) {
    if (map->entries) entry_free(map->entries, heap_self);
    *map = (struct address_map){0};
}
