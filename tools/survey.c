/* Sums over a heap that is read from outside. */
/* SPDX-License-Identifier: MIT */
#include "survey.h"
#include <string.h>

static void add(struct survey_sum *sum, uint64_t bytes) {
    sum->blocks++;
    sum->bytes += bytes;
}

/* Add a block to the cells that it lies in. */
static void survey_add_to_cells(struct survey *survey, const struct heapalloc_block *block) {
    uint64_t at = block->address, end = at + block->bytes, step = (survey->to - survey->from) / SURVEY_CELLS + 1;
    bool live = block->state == HEAPALLOC_BLOCK_LIVE;
    if (at < survey->from || end > survey->to) return; /* the heap grew meanwhile */
    if (block->kind == HEAPALLOC_BLOCK_LARGE && block->state == HEAPALLOC_BLOCK_FREE) return;
    for (uint64_t cell = (at - survey->from) / step; at < end && cell < SURVEY_CELLS; cell++) {
        uint64_t next = survey->from + (cell + 1) * step, bytes = (next < end ? next : end) - at;
        survey->cells[cell].used += bytes;
        if (live) survey->cells[cell].live += bytes;
        at += bytes;
    }
}

static void note_heap(uint64_t heap, uint32_t state, void *argument) {
    struct survey *survey = argument;
    survey->heaps++;
    survey->heaps_live += state == HEAPALLOC_MAP_HEAP_LIVE;
    if (survey->heap_count < SURVEY_HEAPS)
        survey->heap_rows[survey->heap_count++] =
            (struct survey_heap){.address = heap, .has_thread = state == HEAPALLOC_MAP_HEAP_LIVE};
}

/* The list has the newest heap first. */
static bool note_heaps(struct survey *survey, struct reader *reader) {
    bool sound = reader_each_heap(reader, note_heap, survey);
    for (uint32_t i = 0; i < survey->heap_count / 2; i++) {
        struct survey_heap other = survey->heap_rows[survey->heap_count - 1 - i];
        survey->heap_rows[survey->heap_count - 1 - i] = survey->heap_rows[i];
        survey->heap_rows[i] = other;
    }
    survey->heap_first = survey->heaps - survey->heap_count;
    return sound;
}

/* The row of a slab's owner; that of no heap for none, and for the oldest heaps of very many. */
static struct survey_heap *heap_row(struct survey *survey, uint64_t owner) {
    if (survey->heap_rows[survey->heap_last].address == owner) return &survey->heap_rows[survey->heap_last];
    uint32_t row = 0;
    while (row < survey->heap_count && survey->heap_rows[row].address != owner) row++;
    survey->heap_last = row;
    return &survey->heap_rows[row];
}

static bool visit(const struct heapalloc_block *block, void *argument) {
    struct survey *survey = argument;
    survey_add_to_cells(survey, block);
    add(&survey->states[block->state], block->bytes);
    add(&survey->kinds[block->kind][block->state], block->bytes);
    if (block->kind == HEAPALLOC_BLOCK_SMALL) {
        add(&survey->classes[block->size_class][block->state], block->bytes);
        add(&heap_row(survey, survey->reader->owner)->sums[block->state], block->bytes);
        survey->class_bytes[block->size_class] = (uint32_t)block->bytes;
    }
    if (block->state == HEAPALLOC_BLOCK_FREE && block->bytes > survey->largest_free)
        survey->largest_free = block->bytes;
    return true;
}

/* The addresses from the first unit of any span to the last one that was ever used. */
static void find_range(struct survey *survey, struct reader *reader) {
    uint64_t from, to;
    survey->from = UINT64_MAX;
    for (uint32_t n = 0; reader_own(reader, n, &from, &to); n += 2) {
        uint64_t end = reader->base + (uint64_t)reader->units * reader->map.unit_bytes;
        if (from == to || reader->units == 0) continue; /* there is no span at this place, or nothing in it */
        if (reader->base < survey->from) survey->from = reader->base;
        if (end > survey->to) survey->to = end;
    }
    if (survey->from > survey->to) survey->from = survey->to;
}

bool survey_take(struct survey *survey, struct target *target) {
    memset(survey, 0, sizeof(*survey));
    target->reader.torn = target->reader.unreadable = 0;
    target->reader.fault[0] = 0;
    survey->reader = &target->reader;
    find_range(survey, &target->reader);
    bool heaps = note_heaps(survey, &target->reader);
    return reader_walk(&target->reader, visit, survey) && heaps;
}

unsigned survey_density(const struct survey *survey) {
    uint64_t live = survey->states[HEAPALLOC_BLOCK_LIVE].bytes, all = 0;
    for (int state = 0; state < SURVEY_STATES; state++) all += survey->states[state].bytes;
    all -= survey->kinds[HEAPALLOC_BLOCK_LARGE][HEAPALLOC_BLOCK_FREE].bytes;
    return all == 0 ? 100 : (unsigned)(live * 100 / all);
}

const char *survey_size(uint64_t bytes) {
    static char texts[4][32];
    static unsigned turn;
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    char *text = texts[turn++ % 4];
    unsigned name = 0;
    double number = (double)bytes;
    for (; number >= 1024 && name < 6; name++) number /= 1024;
    snprintf(text, sizeof(texts[0]), name ? "%.1f %s" : "%.0f %s", number, names[name]);
    return text;
}
