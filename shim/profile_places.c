/* The places that allocated. */
/* SPDX-License-Identifier: MIT */
#include "profile_places.h"
#include "heap/fast.h"
#include "own_memory.h"

enum { BUCKETS = 4096, PIECE_BYTES = 256 * 1024 };

static struct {
    struct profile_place **buckets;
    struct profile_place *newest;
    char *piece;
    size_t left;
} places;

struct profile_place *profile_places(void) {
    return __atomic_load_n(&places.newest, __ATOMIC_ACQUIRE);
}

struct profile_sums profile_taken(const struct profile_place *place) {
    return profile_sums_read(&place->taken);
}

struct profile_sums profile_live(const struct profile_place *place) {
    return profile_sums_less(profile_sums_read(&place->taken), profile_sums_read(&place->freed));
}

static struct profile_place *place_make(size_t depth) {
    size_t bytes = sizeof(struct profile_place) + depth * sizeof(uintptr_t);
    if (places.left < bytes) {
        char *piece = own_memory_map(PIECE_BYTES);
        if (!piece) return NULL;
        places.piece = piece;
        places.left = PIECE_BYTES;
    }
    struct profile_place *place = (struct profile_place *)(void *)places.piece;
    places.piece += bytes;
    places.left -= bytes;
    return place;
}

static bool is_place(const struct profile_place *place, uint64_t hash, const uintptr_t *pcs, size_t depth) {
    if (place->hash != hash || place->depth != depth) return false;
    for (size_t i = 0; i < depth; i++)
        if (place->pcs[i] != pcs[i]) return false;
    return true;
}

struct profile_place *profile_place_of(const uintptr_t *pcs, size_t depth) {
    uint64_t hash = depth;
    for (size_t i = 0; i < depth; i++) hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15, hash ^= hash >> 29;
    if (!places.buckets && !(places.buckets = own_memory_map(BUCKETS * sizeof(*places.buckets)))) return NULL;
    struct profile_place **bucket = &places.buckets[hash % BUCKETS], *place = *bucket;
    while (place && !is_place(place, hash, pcs, depth)) place = place->next;
    if (place || !(place = place_make(depth))) return place;
    place->hash = hash;
    place->depth = depth;
    for (size_t i = 0; i < depth; i++) place->pcs[i] = pcs[i];
    place->next = *bucket;
    place->older = places.newest;
    *bucket = place;
    __atomic_store_n(&places.newest, place, __ATOMIC_RELEASE);
    return place;
}
