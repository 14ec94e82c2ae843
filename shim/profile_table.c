/* The profile's table of sampled blocks that are live. */
/* SPDX-License-Identifier: MIT */
#include "profile_table.h"
#include "heap/fast.h"
#include "own_memory.h"
#include "profile_filter.h"
#include <heapalloc/map.h>
#include <stddef.h>

enum { BLOCKS_FIRST = 4096 };

struct known {
    uintptr_t p; /* 0: none */
    size_t size; /* requested bytes */
    struct profile_place *place;
};

/* A hash table with open addressing, at most five eighths full. */
static struct {
    struct known *known;
    size_t room, count;
} blocks;

static struct profile_totals totals;

struct profile_totals profile_totals(void) {
    return totals;
}

/* What readers outside of the process find by the note below. It is filled in when there is a table, so that it costs a
 * process that does not profile nothing. */
extern struct heapalloc_profile_map heapalloc_profile_here;
struct heapalloc_profile_map heapalloc_profile_here __attribute__((visibility("hidden")));

__asm__(".pushsection .note.heapalloc,\"a\",%note\n"
        ".balign 4\n"
        ".long 10, 8, 2\n"
        ".asciz \"heapalloc\"\n"
        ".balign 4\n"
        "1: .quad heapalloc_profile_here - 1b\n"
        ".popsection\n");

static COLD void publish(void) {
    heapalloc_profile_here = (struct heapalloc_profile_map){
        .magic = HEAPALLOC_PROFILE_MAGIC,
        .version = HEAPALLOC_PROFILE_VERSION,
        .bytes = sizeof(heapalloc_profile_here),
        .rate = heapalloc_profile_here.rate,
        .blocks = blocks.known,
        .room = blocks.room,
        .block_bytes = sizeof(struct known),
        .block_address = offsetof(struct known, p),
        .block_size = offsetof(struct known, size),
        .block_place = offsetof(struct known, place),
        .place_depth = offsetof(struct profile_place, depth),
        .place_stack = offsetof(struct profile_place, pcs),
    };
}

static size_t home_of(uintptr_t p) {
    return (p >> 4) * 0x9e3779b97f4a7c15 >> 20 & (blocks.room - 1);
}

static struct known *known_at(uintptr_t p) {
    size_t at = home_of(p);
    while (blocks.known[at].p && blocks.known[at].p != p) at = (at + 1) & (blocks.room - 1);
    return &blocks.known[at];
}

static bool have_room(void) {
    if (blocks.room && blocks.count < blocks.room / 8 * 5) return true;
    struct known *old = blocks.known;
    size_t old_room = blocks.room, room = old_room ? 2 * old_room : BLOCKS_FIRST;
    struct known *known = own_memory_map(room * sizeof(*known));
    if (!known) return old_room && blocks.count + 2 < old_room;
    blocks.known = known;
    blocks.room = room;
    for (size_t i = 0; i < old_room; i++)
        if (old[i].p) *known_at(old[i].p) = old[i];
    publish();
    if (old) own_memory_unmap(old, old_room * sizeof(*old));
    return true;
}

struct profile_place *profile_find(const void *p, size_t *size) {
    const struct known *known = blocks.room ? known_at((uintptr_t)p) : NULL;
    if (!known || !known->p) return NULL;
    *size = known->size;
    return known->place;
}

void profile_range(uint64_t *from, uint64_t *to) {
    *from = (uintptr_t)blocks.known;
    *to = *from + blocks.room * sizeof(*blocks.known);
}

/* Remove an entry, and move later ones of the run into the hole, so that no tombstone is needed. */
static void known_clear(struct known *known) {
    size_t mask = blocks.room - 1, hole = (size_t)(known - blocks.known);
    for (size_t at = (hole + 1) & mask; blocks.known[at].p; at = (at + 1) & mask) {
        size_t home = home_of(blocks.known[at].p);
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        blocks.known[hole] = blocks.known[at];
        hole = at;
    }
    blocks.known[hole].p = 0;
    blocks.count--;
}

bool profile_add(const void *p, size_t size, const uintptr_t *pcs, size_t depth, uint64_t rate) {
    profile_remove(p, rate); /* an earlier block here whose free was missed */
    struct profile_place *place = have_room() ? profile_place_of(pcs, depth) : NULL;
    if (!place) return false;
    heapalloc_profile_here.rate = rate;
    *known_at((uintptr_t)p) = (struct known){(uintptr_t)p, size, place};
    blocks.count++;
    profile_filter_count(p, 1);
    uint64_t space_16 = profile_sums_add(&place->taken, size, rate);
    totals.taken_16 += space_16;
    totals.live_16 += space_16;
    return true;
}

bool profile_remove(const void *p, uint64_t rate) {
    struct known *known = blocks.room ? known_at((uintptr_t)p) : NULL;
    if (!known || !known->p) return false;
    uint64_t space_16 = profile_sums_add(&known->place->freed, known->size, rate);
    totals.live_16 -= totals.live_16 < space_16 ? totals.live_16 : space_16;
    known_clear(known);
    profile_filter_count(p, -1);
    return true;
}
