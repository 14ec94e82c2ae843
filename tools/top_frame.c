/* What `heapalloc top` shows at one moment. */
/* SPDX-License-Identifier: MIT */
#include "top_frame.h"
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { BAR_CELLS = 40, CLASSES_MOST = 12, HEAPS_MOST = 12, NAMES_MOST = 12, WIDE = 64, HIGH = 16, BORDER = 4 };

__attribute__((format(printf, 2, 3))) static void add_line(struct frame *frame, const char *format, ...) {
    va_list arguments;
    if (frame->count == FRAME_LINES || frame->count == frame->rows) return;
    char *line = frame->lines[frame->count++];
    va_start(arguments, format);
    vsnprintf(line, FRAME_COLUMNS, format, arguments);
    va_end(arguments);
    if (frame->columns < FRAME_COLUMNS) line[frame->columns] = 0;
}

static bool is_wide(const struct frame *frame) {
    return frame->columns >= WIDE;
}

static void add_head(struct frame *frame, const struct survey *survey, const char *name, const struct growth *growth) {
    uint64_t live = survey->states[0].bytes;
    char grown[40] = "";
    bool grew = live >= growth->live;
    if (growth->known)
        snprintf(grown, sizeof(grown), "  %c%s", grew ? '+' : '-',
                 survey_size(grew ? live - growth->live : growth->live - live));
    if (!is_wide(frame)) {
        add_line(frame, "%s live%s  %s", survey_size(live), grown, name);
        add_line(frame, "  kept %s  free %s", survey_size(survey->states[1].bytes),
                 survey_size(survey->states[2].bytes));
        return;
    }
    add_line(frame, "%s  %s live in %" PRIu64 " blocks%s", name, survey_size(live), survey->states[0].blocks, grown);
    add_line(frame, "  kept %s  free %s  largest free %s  in use and live %u %%", survey_size(survey->states[1].bytes),
             survey_size(survey->states[2].bytes), survey_size(survey->largest_free), survey_density(survey));
}

/* The bar is as long as there is room for, and its legend stands behind it. */
static void add_bar(struct frame *frame, const struct survey *survey) {
    unsigned room = frame->columns > BORDER ? frame->columns - BORDER : 0;
    unsigned cells = room < BAR_CELLS ? room : BAR_CELLS;
    uint64_t all = 0;
    char bar[BAR_CELLS + 1];
    for (int state = 0; state < SURVEY_STATES; state++) all += survey->states[state].bytes;
    unsigned live = all ? (unsigned)(survey->states[0].bytes * cells / all) : 0;
    unsigned kept = all ? (unsigned)(survey->states[1].bytes * cells / all) : 0;
    for (unsigned i = 0; i < cells; i++) bar[i] = i < live ? '#' : i < live + kept ? '+' : '.';
    bar[cells] = 0;
    add_line(frame, is_wide(frame) ? "  [%s]  # live  + kept  . free" : "  [%s]", bar);
}

/* A map of the heap's addresses: how much of each part is live. Cells are put together where it would be too long. */
static void add_map(struct frame *frame, const struct survey *survey) {
    static const char marks[] = ".:+#";
    char map[SURVEY_CELLS + 1];
    unsigned step = 1, count = 0;
    while (SURVEY_CELLS / step + BORDER > frame->columns && step < SURVEY_CELLS) step *= 2;
    for (unsigned i = 0; i < SURVEY_CELLS; i += step) {
        struct survey_cell sum = {0};
        for (unsigned j = i; j < i + step; j++) {
            sum.used += survey->cells[j].used;
            sum.live += survey->cells[j].live;
        }
        map[count++] = sum.used == 0 ? ' ' : marks[sum.live >= sum.used ? 3 : sum.live * 4 / sum.used];
    }
    map[count] = 0;
    add_line(frame, "  [%s]", map);
    if (frame->rows >= HIGH)
        add_line(frame, "  by address, live:  . under a quarter  : a half  + three quarters  # more");
}

static void add_class(struct frame *frame, const struct survey *survey, unsigned class, uint64_t bytes) {
    const struct survey_sum *sums = survey->classes[class];
    unsigned full = (unsigned)(sums[0].bytes * 100 / bytes);
    if (is_wide(frame))
        add_line(frame, "  %-8u %12s %10" PRIu64 " %12s %4u %%", survey->class_bytes[class], survey_size(sums[0].bytes),
                 sums[0].blocks, survey_size(sums[2].bytes), full);
    else
        add_line(frame, "  %-5u %10s %10s %4u %%", survey->class_bytes[class], survey_size(sums[0].bytes),
                 survey_size(sums[2].bytes), full);
}

/* The classes with the most memory, live and free together. */
static void add_classes(struct frame *frame, const struct survey *survey, unsigned rows) {
    bool told[READER_CLASSES_MAX] = {false};
    if (is_wide(frame))
        add_line(frame, "  %-8s %12s %10s %12s %6s", "block", "live", "blocks", "free", "full");
    else
        add_line(frame, "  %-5s %10s %10s %6s", "block", "live", "free", "full");
    for (unsigned row = 0; row < rows; row++) {
        unsigned most = 0;
        uint64_t bytes = 0;
        for (unsigned class = 1; class < READER_CLASSES_MAX; ++class) {
            uint64_t sum = survey->classes[class][0].bytes + survey->classes[class][2].bytes;
            if (!told[class] && sum > bytes) bytes = sum, most = class;
        }
        if (most == 0) return;
        told[most] = true;
        add_class(frame, survey, most, bytes);
    }
}

static void add_heap(struct frame *frame, const struct survey *survey, uint32_t row) {
    const struct survey_heap *heap = &survey->heap_rows[row];
    char name[24];
    if (row == survey->heap_count)
        snprintf(name, sizeof(name), "full slabs");
    else
        snprintf(name, sizeof(name), "%u%s", survey->heap_first + row, heap->has_thread ? "" : " parked");
    if (is_wide(frame))
        add_line(frame, "  %-10s %10s %10" PRIu64 " %12s", name, survey_size(heap->sums[0].bytes), heap->sums[0].blocks,
                 survey_size(heap->sums[2].bytes));
    else
        add_line(frame, "  %-10s %5s %10s", name, survey_size(heap->sums[0].bytes), survey_size(heap->sums[2].bytes));
}

static uint64_t heap_bytes(const struct survey_heap *heap) {
    return heap->sums[0].bytes + heap->sums[2].bytes;
}

/* How many rows of heaps there are: those with memory in slabs, and what is no heap's. */
static unsigned count_heaps(const struct survey *survey) {
    unsigned count = 0;
    for (uint32_t row = 0; row <= survey->heap_count; row++) count += heap_bytes(&survey->heap_rows[row]) > 0;
    return count;
}

/* The threads' heaps with the most memory in slabs; slabs in which all blocks are in use belong to no thread. */
static void add_heaps(struct frame *frame, const struct survey *survey, unsigned rows) {
    bool told[SURVEY_HEAPS + 1] = {false};
    if (is_wide(frame))
        add_line(frame, "  %-10s %10s %10s %12s    heaps %u, threads' %u", "heap", "live", "blocks", "free",
                 survey->heaps, survey->heaps_live);
    else
        add_line(frame, "  %-10s %5s %10s", "heap", "live", "free");
    for (unsigned done = 0; done < rows; done++) {
        uint32_t most = UINT32_MAX;
        for (uint32_t row = 0; row <= survey->heap_count; row++) {
            if (told[row] || heap_bytes(&survey->heap_rows[row]) == 0) continue;
            if (most == UINT32_MAX || heap_bytes(&survey->heap_rows[row]) > heap_bytes(&survey->heap_rows[most]))
                most = row;
        }
        if (most == UINT32_MAX) return;
        told[most] = true;
        add_heap(frame, survey, most);
    }
}

static void add_text(const char *text, void *frame) {
    add_line(frame, "%s", text);
}

static unsigned at_most(unsigned count, unsigned most) {
    return count < most ? count : most;
}

/* What is left of the rows is shared: a third for names, or as much as they need, a third for heaps likewise, the rest
 * for classes. Each of the three has a head, and an empty line before it where there is room. */
static void add_tables(struct frame *frame, const struct survey *survey, const struct by_name *named) {
    bool high = frame->rows >= HIGH;
    unsigned left = frame->rows > frame->count ? frame->rows - frame->count : 0;
    unsigned heads = (named_count(named) > 0 ? 3 : 2) * (high ? 2 : 1), rows = left > heads ? left - heads : 0;
    unsigned names = at_most(at_most(named_count(named), NAMES_MOST), rows / 3);
    unsigned heaps = at_most(at_most(count_heaps(survey), HEAPS_MOST), rows / 3);
    if (high) add_line(frame, "%s", "");
    add_classes(frame, survey, at_most(rows - heaps - names, CLASSES_MOST));
    if (high) add_line(frame, "%s", "");
    if (heaps > 0) add_heaps(frame, survey, heaps);
    if (names == 0) return;
    if (high) add_line(frame, "%s", "");
    named_say_largest(named, names, is_wide(frame) ? NAMED_WIDE : NAMED_NARROW, add_text, frame);
}

void frame_make(struct frame *frame, const struct frame_look *look, const char *name, const struct growth *growth) {
    const struct survey *survey = &look->survey;
    frame->count = 0;
    if (frame->columns < BORDER + 2) frame->columns = BORDER + 2;
    if (frame->columns > FRAME_COLUMNS - 1) frame->columns = FRAME_COLUMNS - 1;
    add_head(frame, survey, name, growth);
    add_bar(frame, survey);
    add_map(frame, survey);
    add_tables(frame, survey, &look->named);
}
