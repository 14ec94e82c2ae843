/* The live blocks of a target that nothing points to. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lost.h"
#include "core_notes.h"
#include "number_map.h"
#include "process.h"
#include "threads.h"
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 20, SMALLEST_PAGE = 4096, WORD = sizeof(uint64_t), RED_ZONE = 128, OWN_MAX = 4096 };

struct range {
    uint64_t from, to;
};

struct search {
    struct lost *lost;
    struct target *target;
    struct threads threads;
    struct range own[OWN_MAX]; /* no roots; in the order of addresses */
    size_t own_count;
    size_t *waiting, pending;
    uint64_t *buffer;
};

/* ---- marking ---- */

static void reach(struct search *search, uint64_t word) {
    struct lost_block *blocks = search->lost->blocks;
    size_t low = 0, high = search->lost->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (word < blocks[middle].address) {
            high = middle;
        } else if (word - blocks[middle].address >= blocks[middle].bytes) {
            low = middle + 1;
        } else {
            if (!blocks[middle].reached) search->waiting[search->pending++] = middle;
            blocks[middle].reached = true;
            return;
        }
    }
}

/* Look at a copy of [from, to); pages that cannot be read, or that a core file lacks, are skipped. */
static void look_at_memory(struct search *search, uint64_t from, uint64_t to) {
    struct reader *reader = &search->target->reader;
    const struct lost_block *first = search->lost->blocks, *last = first + search->lost->count - 1;
    from = (from + WORD - 1) & ~(uint64_t)(WORD - 1);
    while (from < to) {
        size_t bytes = to - from < PIECE ? (size_t)(to - from) : PIECE, page = SMALLEST_PAGE - from % SMALLEST_PAGE;
        bool read = reader->read(reader->context, from, search->buffer, bytes);
        if (!read && page < bytes) bytes = page, read = reader->read(reader->context, from, search->buffer, bytes);
        for (size_t i = 0; read && i < bytes / WORD; i++)
            if (search->buffer[i] >= first->address && search->buffer[i] < last->address + last->bytes)
                reach(search, search->buffer[i]);
        from += bytes;
    }
}

/* Of the first thread's stack only the part in use is looked at: the rest is full of stale pointers. */
static void look_at_mapping(uint64_t from, uint64_t to, bool stack, void *argument) {
    struct search *search = argument;
    uint64_t least = to;
    for (size_t i = 0; stack && i < search->threads.count; i++) {
        uint64_t at = search->threads.threads[i].stack;
        if (at >= from && at < least) least = at;
    }
    if (least < to && least - from > RED_ZONE) from = least - RED_ZONE;
    for (size_t i = 0; i < search->own_count && from < to; i++) {
        const struct range *own = &search->own[i];
        if (own->to <= from || own->from >= to) continue;
        if (own->from > from) look_at_memory(search, from, own->from);
        from = own->to;
    }
    if (from < to) look_at_memory(search, from, to);
}

static void mark(struct search *search) {
    for (size_t i = 0; i < search->threads.count; i++)
        for (unsigned j = 0; j < search->threads.threads[i].register_count; j++)
            reach(search, search->threads.threads[i].registers[j]);
    if (search->target->process)
        process_writable(search->target, look_at_mapping, search);
    else
        core_writable(search->target, look_at_mapping, search);
    while (search->pending > 0) {
        const struct lost_block *block = &search->lost->blocks[search->waiting[--search->pending]];
        look_at_memory(search, block->address, block->address + block->bytes);
    }
}

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
    const struct range *one = left, *other = right;
    return (one->from > other->from) - (one->from < other->from);
}

static void add_own(struct search *search, uint64_t from, uint64_t to) {
    if (from < to && search->own_count < OWN_MAX) search->own[search->own_count++] = (struct range){from, to};
}

static void find_own(struct search *search) {
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
static bool look(struct search *search) {
    struct lost *lost = search->lost;
    struct target *target = search->target;
    if (!reader_walk(&target->reader, add_live, lost)) return lost_fail(target, "its heap cannot be walked");
    search->waiting = malloc((lost->count + 1) * sizeof(*search->waiting));
    search->buffer = malloc(PIECE);
    if (!search->waiting || !search->buffer) return lost_fail(target, "there is not enough memory to search it");
    if (lost->count > 1) qsort(lost->blocks, lost->count, sizeof(*lost->blocks), order_blocks);
    for (size_t i = 0; i < lost->count; i++)
        if (lost->blocks[i].reached) search->waiting[search->pending++] = i;
    find_own(search);
    if (lost->count > 0) mark(search);
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
    static struct search search;
    *lost = (struct lost){.profile = {.names = names}};
    search = (struct search){.lost = lost, .target = target};
    if (!threads_stop(&search.threads, target)) return false;
    bool good = look(&search);
    lost->running = search.threads.running;
    if (good) sum_up(lost);
    if (good && lost->known > 0) pins_profile(&lost->pins, target, &lost->profile, names);
    threads_go(&search.threads);
    free(search.waiting);
    free(search.buffer);
    return good;
}

void lost_free(struct lost *lost) {
    free(lost->blocks);
    pins_free(&lost->pins);
    heap_profile_free(&lost->profile);
    *lost = (struct lost){0};
}
