/* Functions for programs that know more than malloc's arguments say: sizes, offsets, batches, and idle threads. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap/expand.h"
#include "heap/fast.h"
#include "heap/hardened.h"
#include "heap/reserve.h"
#include "heap/used.h"
#include "heap/world.h"
#include "live_json.h"
#include "next.h"
#include "shim.h"
#include <heapalloc/heapalloc.h>
#include <malloc.h>
#include <stdlib.h>

/* Allocate by the public names, which may be another allocator's in this process: the blocks go to its free(). */
EXPORT void *heapalloc_alloc_zeroed(size_t bytes) {
    return calloc(1, bytes);
}

EXPORT size_t heapalloc_good_size(size_t bytes) {
    if (aside()) return bytes;
    size_t whole = heap_good_size(hardened_request(bytes));
    return hardened() && whole > 0 ? whole - CANARY_BYTES : whole;
}

/* Expand a block in the hardened build: the canary moves with the end, and its old place is cleared. */
static bool expand_sealed(void *p, size_t bytes) {
    hardened_check("heapalloc_try_expand", p);
    size_t request = hardened_request(bytes), old = used_bytes(p);
    if (!heap_expand("heapalloc_try_expand", p, request)) return false;
    if (old && old != used_bytes(p)) *canary_place(p, old) = 0;
    hardened_seal(p, request);
    return true;
}

EXPORT bool heapalloc_try_expand(void *block, size_t bytes) {
    if (!block) return false;
    if (config_valgrind || aside()) return bytes <= malloc_usable_size(block);
    return hardened() ? expand_sealed(block, bytes) : heap_expand("heapalloc_try_expand", block, bytes);
}

EXPORT size_t heapalloc_alloc_many(size_t bytes, void **blocks, size_t count) {
    size_t got = 0;
    if (count > 0) check_place("heapalloc_alloc_many", blocks, void *, "is no room for blocks");
    while (got < count && (blocks[got] = malloc(bytes))) got++;
    return got;
}

EXPORT void heapalloc_free_many(void *const *blocks, size_t count) {
    if (count > 0) check_place("heapalloc_free_many", blocks, void *, "is no list of blocks");
    for (size_t i = 0; i < count; i++) free(blocks[i]);
}

EXPORT COLD size_t heapalloc_stats_json(char *text, size_t room) {
    if (room > 0) check_place("heapalloc_stats_json", text, char, "is no place for statistics");
    return live_json_print(text, room);
}

EXPORT void heapalloc_thread_idle(void) {
    struct heap *heap = heap_self;
    if (heap->state == HEAP_LIVE) heap_give_up(heap);
}

EXPORT bool heapalloc_reserve(size_t bytes) {
    bool done = !aside() && heap_reserve(bytes);
    if (!done) errno = ENOMEM;
    return done;
}

/* ---- Aligned at an offset: the words before the returned address hold the block's start ------------------------ */

struct placed {
    uintptr_t start, proof; /* proof == start ^ (place << 1) ^ ~secret */
};

static uintptr_t proof_of(uintptr_t start, uintptr_t place) {
    return start ^ (place << 1) ^ ~heap_secret();
}

EXPORT void *heapalloc_alloc_at(size_t bytes, size_t align_bytes, size_t offset_bytes) {
    size_t whole;
    if (!is_power_of_two(align_bytes)) {
        errno = EINVAL;
        return NULL;
    }
    offset_bytes &= align_bytes - 1;
    if (__builtin_add_overflow(bytes, align_bytes + sizeof(struct placed), &whole)) return or_enomem(NULL);
    char *start = malloc(whole);
    if (!start) return NULL;
    uintptr_t first = (uintptr_t)start + sizeof(struct placed);
    char *place = start + sizeof(struct placed) + (round_up(first + offset_bytes, align_bytes) - offset_bytes - first);
    struct placed placed = {(uintptr_t)start, proof_of((uintptr_t)start, (uintptr_t)place)};
    memcpy(place - sizeof(placed), &placed, sizeof(placed));
    return place;
}

EXPORT void heapalloc_free_at(void *block) {
    struct placed placed = {0, 0};
    if (!block) return;
    char *words = (char *)block - sizeof(placed);
    if (aside() || (used_is_mapped(words) && used_is_mapped((char *)block - 1))) memcpy(&placed, words, sizeof(placed));
    if (!placed.start || placed.proof != proof_of(placed.start, (uintptr_t)block))
        check_misuse("heapalloc_free_at", block, "is no used block of heapalloc_alloc_at()");
    memset(words, 0, sizeof(placed));
    free((void *)placed.start);
}
