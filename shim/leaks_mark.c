/* Marks the live blocks that are reachable from the program's memory.
 *
 * Roots are all private writable mappings except the heap's: data, stacks, thread-local storage, and what the program
 * mapped itself. Every aligned word may be a pointer, also into the middle of a block. A word that only looks like a
 * pointer hides a leak, but never invents one. Of the first thread's stack only the part in use is scanned, because the
 * rest is full of stale pointers. Source: Boehm, Weiser, Garbage Collection in an Uncooperative Environment, 1988. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "leaks_mark.h"
#include "heap/world.h"
#include "leaks_stop.h"
#include "maps.h"
#include "profile_table.h"
#include "span/units.h"

enum { WORD = sizeof(uintptr_t) };

static void reach(struct leaks_search *search, size_t index) {
    if (index == search->count || search->blocks[index].reached) return;
    search->blocks[index].reached = true;
    search->unscanned[search->pending++] = (uint32_t)index;
}

static void look_at_words(struct leaks_search *search, size_t bytes) {
    const uintptr_t *words = (const uintptr_t *)(const void *)search->buffer;
    for (size_t i = 0; i < bytes / WORD; i++) {
        const struct leaks_block *last = &search->blocks[search->count - 1];
        if (words[i] >= search->blocks[0].address && words[i] < last->address + last->bytes)
            reach(search, leaks_list_find(search, words[i]));
    }
}

/* Scan a copy of [from, to), so that unreadable pages (beyond the end of a truncated file) are skipped. */
static void look_at(struct leaks_search *search, uint64_t from, uint64_t to) {
    from = (from + WORD - 1) & ~(uint64_t)(WORD - 1);
    while (from < to) {
        size_t bytes = to - from < sizeof search->buffer ? to - from : sizeof search->buffer;
        if (!leaks_read_own(NULL, from, search->buffer, bytes)) {
            size_t page = LEAKS_PAGE_BYTES - (from & (LEAKS_PAGE_BYTES - 1));
            if (page < bytes) bytes = page;
            if (!leaks_read_own(NULL, from, search->buffer, bytes)) memset(search->buffer, 0, bytes);
        }
        look_at_words(search, bytes);
        from += bytes;
    }
}

/* The n-th range that is no root: the search itself, the profile's table, each span with its tables, and each span's
 * record, whose `base` is also the address of a block. False: there are no more. */
static bool own_range(const struct leaks_search *search, uint32_t n, uint64_t *first, uint64_t *last) {
    *first = *last = 0;
    if (n == 0) {
        *first = (uintptr_t)search;
        *last = *first + search->bytes;
        return true;
    }
    if (n == 1) {
        profile_range(first, last);
        return true;
    }
    uint32_t index = (n - 2) / 2;
    if (index > span_count) return false;
    const struct span *span = index == 0 ? &span_home : span_list[index - 1];
    if (!span || !span->base) return true;
    bool record = n % 2 == 1;
    *first = record ? (uintptr_t)span : (uintptr_t)(span->lines - 1);
    *last = record ? *first + sizeof *span : (uintptr_t)span->base + span->bytes;
    return true;
}

/* The next such range that ends behind `from`. */
static void next_own(const struct leaks_search *search, uint64_t from, uint64_t *begin, uint64_t *end) {
    uint64_t first, last;
    *begin = *end = UINT64_MAX;
    for (uint32_t n = 0; own_range(search, n, &first, &last); n++)
        if (last > from && first < *begin) *begin = first, *end = last;
}

static void look_at_mapping(struct leaks_search *search, uint64_t from, uint64_t to) {
    while (from < to) {
        uint64_t begin, end;
        next_own(search, from, &begin, &end);
        if (begin > from) look_at(search, from, begin < to ? begin : to);
        from = begin < to ? end : to;
    }
}

static bool leaks_is_stack(const char *path) {
    static const char name[] = "[stack]";
    for (size_t i = 0; i < sizeof(name); i++)
        if (path[i] != name[i]) return false;
    return true;
}

/* Where the used part of the stack in [from, to) begins: the lowest stack pointer of the caller and stopped threads. */
static uint64_t stack_in_use(const struct leaks_search *search, uint64_t from, uint64_t to) {
    uint64_t least = search->stack >= from && search->stack < to ? search->stack : to;
    for (size_t n = 0; leaks_stopped_at(n); n++) {
        uint64_t at = leaks_stopped_at(n);
        if (at >= from && at < least) least = at;
    }
    return least == to ? from : least;
}

/* The search, and how many mappings were read. */
struct roots {
    struct leaks_search *search;
    size_t mappings;
};

static bool look_at_line(const struct maps_line *line, void *to) {
    struct roots *roots = to;
    uint64_t from = line->from;
    roots->mappings++;
    if (!line->readable || !line->writable || !line->is_private) return false;
    if (leaks_is_stack(line->path)) from = stack_in_use(roots->search, from, line->to);
    look_at_mapping(roots->search, from, line->to);
    return false;
}

/* Scan the roots listed in /proc/self/maps. Reading it in pieces is safe: no thread maps anything meanwhile. */
static bool look_at_roots(struct leaks_search *search) {
    struct roots roots = {search, 0};
    maps_find(look_at_line, &roots);
    return roots.mappings > 0;
}

struct leaks_search *leaks_search(uintptr_t stack) {
    struct leaks_search *search = leaks_list();
    if (!search || search->count == 0) return search;
    search->stack = stack;
    for (size_t i = 0; i < search->count; i++)
        if (search->blocks[i].reached) search->unscanned[search->pending++] = (uint32_t)i;
    for (size_t n = 0; leaks_stopped_at(n); n++) reach(search, leaks_list_find(search, leaks_stopped_at(n)));
    reach(search, leaks_list_find(search, stack));
    if (!look_at_roots(search)) {
        leaks_list_end(search);
        return NULL;
    }
    while (search->pending > 0) {
        const struct leaks_block *block = &search->blocks[search->unscanned[--search->pending]];
        look_at(search, block->address, block->address + block->bytes);
    }
    return search;
}
