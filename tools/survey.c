/* Sums over a heap that is read from outside. */
/* SPDX-License-Identifier: MIT */
#include "survey.h"
#include <string.h>

static void add(struct survey_sum *sum, uint64_t bytes) {
    sum->blocks++;
    sum->bytes += bytes;
}

static bool visit(const struct heapalloc_block *block, void *argument) {
    struct survey *survey = argument;
    add(&survey->states[block->state], block->bytes);
    add(&survey->kinds[block->kind][block->state], block->bytes);
    if (block->kind == HEAPALLOC_BLOCK_SMALL) {
        add(&survey->classes[block->size_class][block->state], block->bytes);
        survey->class_bytes[block->size_class] = (uint32_t)block->bytes;
    }
    if (block->state == HEAPALLOC_BLOCK_FREE && block->bytes > survey->largest_free)
        survey->largest_free = block->bytes;
    return true;
}

bool survey_take(struct survey *survey, struct target *target) {
    memset(survey, 0, sizeof(*survey));
    target->reader.torn = target->reader.unreadable = 0;
    target->reader.fault[0] = 0;
    bool heaps = reader_heaps(&target->reader, &survey->heaps, &survey->heaps_live);
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
