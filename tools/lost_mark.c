/* Marks the blocks of a target that its memory and registers lead to. */
/* SPDX-License-Identifier: MIT */
#include "lost_mark.h"
#include "core_notes.h"
#include "process.h"

enum { SMALLEST_PAGE = 4096, WORD = sizeof(uint64_t), RED_ZONE = 128 };

static void reach(struct lost_search *search, uint64_t word) {
    struct lost_block *blocks = search->blocks;
    size_t low = 0, high = search->count;
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

static void look_at_words(struct lost_search *search, const uint64_t *words, size_t count) {
    const struct lost_block *first = search->blocks, *last = first + search->count - 1;
    for (size_t i = 0; i < count; i++)
        if (words[i] >= first->address && words[i] < last->address + last->bytes) reach(search, words[i]);
}

/* Look at a copy of [from, to); pages that cannot be read, or that a core file lacks, are skipped. */
static void look_at_memory(struct lost_search *search, uint64_t from, uint64_t to) {
    struct reader *reader = &search->target->reader;
    from = (from + WORD - 1) & ~(uint64_t)(WORD - 1);
    while (from < to) {
        size_t bytes = to - from < LOST_PIECE ? (size_t)(to - from) : LOST_PIECE,
               page = SMALLEST_PAGE - from % SMALLEST_PAGE;
        bool read = reader->read(reader->context, from, search->buffer, bytes);
        if (!read && page < bytes) bytes = page, read = reader->read(reader->context, from, search->buffer, bytes);
        if (read) look_at_words(search, search->buffer, bytes / WORD);
        from += bytes;
    }
}

/* The copy of a page, read once for the many blocks in it; NULL: it cannot be read. */
static const uint64_t *page_copy(struct lost_search *search, uint64_t page) {
    struct reader *reader = &search->target->reader;
    size_t place = page / LOST_PAGE % LOST_PAGES;
    uint64_t *copy = search->copies + place * (LOST_PAGE / WORD);
    if (search->copied[place] == page) return copy;
    search->copied[place] = 0;
    if (!reader->read(reader->context, page, copy, LOST_PAGE)) return NULL;
    search->copied[place] = page;
    return copy;
}

/* Look at a block: one within a page by the page's copy. */
static void look_at_block(struct lost_search *search, const struct lost_block *block) {
    uint64_t page = block->address & ~(uint64_t)(LOST_PAGE - 1), within = block->address - page;
    const uint64_t *copy = within + block->bytes <= LOST_PAGE ? page_copy(search, page) : NULL;
    if (!copy) return look_at_memory(search, block->address, block->address + block->bytes);
    look_at_words(search, copy + (within + WORD - 1) / WORD, block->bytes / WORD);
}

/* Of the first thread's stack only the part in use is looked at: the rest is full of stale pointers. */
static void look_at_mapping(uint64_t from, uint64_t to, bool stack, void *argument) {
    struct lost_search *search = argument;
    uint64_t least = to;
    for (size_t i = 0; stack && i < search->threads.count; i++) {
        uint64_t at = search->threads.threads[i].stack;
        if (at >= from && at < least) least = at;
    }
    if (least < to && least - from > RED_ZONE) from = least - RED_ZONE;
    for (size_t i = 0; i < search->own_count && from < to; i++) {
        const struct lost_range *own = &search->own[i];
        if (own->to <= from || own->from >= to) continue;
        if (own->from > from) look_at_memory(search, from, own->from);
        from = own->to;
    }
    if (from < to) look_at_memory(search, from, to);
}

void lost_mark(struct lost_search *search) {
    for (size_t i = 0; i < search->threads.count; i++)
        for (unsigned j = 0; j < search->threads.threads[i].register_count; j++)
            reach(search, search->threads.threads[i].registers[j]);
    if (search->target->process)
        process_writable(search->target, look_at_mapping, search);
    else
        core_writable(search->target, look_at_mapping, search);
    while (search->pending > 0) {
        look_at_block(search, &search->blocks[search->waiting[--search->pending]]);
    }
}
