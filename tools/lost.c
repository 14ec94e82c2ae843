/* The live blocks of a target that nothing points to. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lost.h"
#include "lost_mark.h"
#include "number_map.h"
#include <stdlib.h>
#include <string.h>

/* ---- what is live, and what is no root ---- */

static bool add_live(const struct heapalloc_block *block, void *argument) {
    struct lost *lost = argument;
    if (block->state != HEAPALLOC_BLOCK_LIVE) return true;
    void *grown = array_grow(lost->blocks, lost->count, &lost->room, sizeof(*lost->blocks));
    if (!grown) return false;
    lost->blocks = grown;
    lost->blocks[lost->count++] =
        (struct lost_block){block->address, block->bytes, block->kind >= HEAPALLOC_BLOCK_POOL};
    return true;
}

static int order_blocks(const void *left, const void *right) {
    const struct lost_block *one = left, *other = right;
    return (one->address > other->address) - (one->address < other->address);
}

static int order_ranges(const void *left, const void *right) {
    const struct lost_range *one = left, *other = right;
    return (one->from > other->from) - (one->from < other->from);
}

static void add_own(struct lost_search *search, uint64_t from, uint64_t to) {
    if (from < to && search->own_count < LOST_OWN_MAX) search->own[search->own_count++] = (struct lost_range){from, to};
}

static void find_own(struct lost_search *search) {
    uint64_t from, to;
    for (uint32_t n = 0; reader_own(&search->target->reader, n, &from, &to); n++) add_own(search, from, to);
    if (pins_range(search->target, &from, &to)) add_own(search, from, to);
    qsort(search->own, search->own_count, sizeof(*search->own), order_ranges);
}

static bool lost_fail(struct target *target, const char *why) {
    snprintf(target->why, sizeof(target->why), "%s: %s", target->name, why);
    return false;
}

/* List, mark and read what is known of call sites, while the process stands still. */
static bool look(struct lost_search *search, struct lost *lost) {
    struct target *target = search->target;
    if (!reader_walk(&target->reader, add_live, lost)) return lost_fail(target, "its heap cannot be walked");
    search->waiting = malloc((lost->count + 1) * sizeof(*search->waiting));
    search->buffer = malloc(LOST_PIECE);
    search->copies = malloc((size_t)LOST_PAGES * LOST_PAGE);
    if (!search->waiting || !search->buffer || !search->copies)
        return lost_fail(target, "there is not enough memory to search it");
    if (lost->count > 1) qsort(lost->blocks, lost->count, sizeof(*lost->blocks), order_blocks);
    for (size_t i = 0; i < lost->count; i++)
        if (lost->blocks[i].reached) search->waiting[search->pending++] = i;
    find_own(search);
    search->blocks = lost->blocks;
    search->count = lost->count;
    if (lost->count > 0) lost_mark(search);
    pins_read(&lost->pins, target);
    return true;
}

/* ---- sums ---- */

/* The pin of a block at this address; NULL: it was not sampled. Both lists are in order: `at` goes along. */
static struct pin *pin_at(struct pins *pins, size_t *at, uint64_t address) {
    while (*at < pins->count && pins->pins[*at].address < address) ++*at;
    return *at < pins->count && pins->pins[*at].address == address ? &pins->pins[*at] : NULL;
}

/* Add up, and keep only the pins of lost blocks, each of which then stands for itself. */
static void sum_up(struct lost *lost) {
    size_t at = 0;
    for (size_t i = 0; i < lost->count; i++) {
        const struct lost_block *block = &lost->blocks[i];
        if (block->reached) continue;
        struct pin *pin = pin_at(&lost->pins, &at, block->address);
        lost->lost_blocks++;
        lost->lost_bytes += pin ? pin->bytes : block->bytes;
        if (!pin) continue;
        pin->weight = 1;
        lost->pins.pins[lost->known++] = *pin;
    }
    lost->pins.count = lost->known;
}

bool lost_find(struct lost *lost, struct target *target, struct names *names) {
    static struct lost_search search;
    *lost = (struct lost){.profile = {.names = names}};
    search = (struct lost_search){.target = target};
    if (!threads_stop(&search.threads, target)) return false;
    bool good = look(&search, lost);
    lost->running = search.threads.running;
    if (good) sum_up(lost);
    if (good && lost->known > 0) pins_profile(&lost->pins, target, &lost->profile, names);
    threads_go(&search.threads);
    free(search.waiting);
    free(search.buffer);
    free(search.copies);
    return good;
}

void lost_free(struct lost *lost) {
    free(lost->blocks);
    pins_free(&lost->pins);
    heap_profile_free(&lost->profile);
    *lost = (struct lost){0};
}
