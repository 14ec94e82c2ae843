/* The profile's tables: places and sampled blocks. */
/* SPDX-License-Identifier: MIT */
#include "profile_table.h"
#include "heap/fast.h"
#include "syscall.h"
#include <heapalloc/map.h>
#include <stddef.h>
#include <sys/mman.h>

enum { BUCKETS = 4096, PIECE_BYTES = 256 * 1024, BLOCKS_FIRST = 4096 };

struct known {
    uintptr_t p; /* 0: none */
    size_t size; /* requested bytes; of an odd address, how many blocks of its unit are known */
    struct profile_place *place;
};

/* A hash table with open addressing, at most five eighths full. */
static struct {
    struct known *known;
    size_t room, count;
} blocks;

static struct {
    struct profile_place **buckets;
    struct profile_place *newest;
    char *piece;
    size_t left;
} places;

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

static void *pages(size_t bytes) {
    long made = syscall_6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return syscall_failed(made) ? NULL : (void *)made;
}

struct profile_place *profile_places(void) {
    return __atomic_load_n(&places.newest, __ATOMIC_ACQUIRE);
}

/* Computes 1 - exp(-x), x > 0, by the series e of exp(y) - 1 for a small y, then doubling: exp(2y) - 1 = e (e + 2). */
static double part_told(double x) {
    int doublings = 0;
    if (x > 40) return 1;
    for (; x > 0.03; doublings++) x /= 2;
    double e = -x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
    for (; doublings > 0; doublings--) e *= e + 2;
    return -e;
}

/* How many blocks a sample stands for, in 65536ths. */
static uint64_t weight_of(size_t size, uint64_t rate) {
    return rate <= 1 ? 1 << 16 : (uint64_t)(65536 / part_told((double)size / (double)rate) + 0.5);
}

uint64_t profile_weight(size_t size, uint64_t rate) {
    return weight_of(size, rate) * size >> 16;
}

/* Add a sample to the sums; returns the bytes that it stands for. There is one writer at a time; concurrent readers may
 * see some counts before others. */
static uint64_t count(struct profile_sums *sums, size_t size, uint64_t rate) {
    uint64_t weight = weight_of(size, rate);
    store_relaxed(sums->blocks, sums->blocks + 1);
    store_relaxed(sums->bytes, sums->bytes + size);
    store_relaxed(sums->objects_16, sums->objects_16 + weight);
    store_relaxed(sums->space_16, sums->space_16 + weight * size);
    return weight * size;
}

struct profile_sums profile_taken(const struct profile_place *place) {
    return (struct profile_sums){load_relaxed(place->taken.blocks), load_relaxed(place->taken.bytes),
                                 load_relaxed(place->taken.objects_16), load_relaxed(place->taken.space_16)};
}

static uint64_t less(uint64_t taken, uint64_t freed) {
    return taken > freed ? taken - freed : 0;
}

struct profile_sums profile_live(const struct profile_place *place) {
    struct profile_sums taken = profile_taken(place);
    return (struct profile_sums){less(taken.blocks, load_relaxed(place->freed.blocks)),
                                 less(taken.bytes, load_relaxed(place->freed.bytes)),
                                 less(taken.objects_16, load_relaxed(place->freed.objects_16)),
                                 less(taken.space_16, load_relaxed(place->freed.space_16))};
}

/* ---- places ---- */

static struct profile_place *place_make(size_t depth) {
    size_t bytes = sizeof(struct profile_place) + depth * sizeof(uintptr_t);
    if (places.left < bytes) {
        char *piece = pages(PIECE_BYTES);
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

static struct profile_place *place_of(const uintptr_t *pcs, size_t depth) {
    uint64_t hash = depth;
    for (size_t i = 0; i < depth; i++) hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15, hash ^= hash >> 29;
    if (!places.buckets && !(places.buckets = pages(BUCKETS * sizeof(*places.buckets)))) return NULL;
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

/* ---- blocks ---- */

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
    struct known *known = pages(room * sizeof(*known));
    if (!known) return old_room && blocks.count + 2 < old_room;
    blocks.known = known;
    blocks.room = room;
    for (size_t i = 0; i < old_room; i++)
        if (old[i].p) *known_at(old[i].p) = old[i];
    publish();
    if (old) syscall_6(SYS_munmap, (long)old, (long)(old_room * sizeof(*old)), 0, 0, 0, 0);
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

/* The odd address under which the known blocks of a unit are counted. */
static uintptr_t unit_of(const void *p) {
    return ((uintptr_t)p & ~(uintptr_t)(UNIT_BYTES - 1)) | 1;
}

static void unit_more(const void *p) {
    struct known *unit = known_at(unit_of(p));
    if (!unit->p) blocks.count++;
    *unit = (struct known){unit_of(p), unit->p ? unit->size + 1 : 1, NULL};
}

static void unit_less(const void *p) {
    struct known *unit = known_at(unit_of(p));
    if (unit->p && --unit->size == 0) known_clear(unit);
}

bool profile_knows_near(const void *p) {
    return blocks.room && known_at(unit_of(p))->p;
}

bool profile_add(const void *p, size_t size, const uintptr_t *pcs, size_t depth, uint64_t rate) {
    profile_remove(p, rate); /* an earlier block here whose free was missed */
    struct profile_place *place = have_room() ? place_of(pcs, depth) : NULL;
    if (!place) return false;
    heapalloc_profile_here.rate = rate;
    *known_at((uintptr_t)p) = (struct known){(uintptr_t)p, size, place};
    blocks.count++;
    if (rate > 1) unit_more(p);
    uint64_t space_16 = count(&place->taken, size, rate);
    totals.taken_16 += space_16;
    totals.live_16 += space_16;
    return true;
}

bool profile_remove(const void *p, uint64_t rate) {
    struct known *known = blocks.room ? known_at((uintptr_t)p) : NULL;
    if (!known || !known->p) return false;
    uint64_t space_16 = count(&known->place->freed, known->size, rate);
    totals.live_16 -= totals.live_16 < space_16 ? totals.live_16 : space_16;
    known_clear(known);
    if (rate > 1) unit_less(p);
    return true;
}
