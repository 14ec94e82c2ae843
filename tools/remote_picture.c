/* The remote explorer's visualize: a bar for each part of the heap, or a page. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"
#include "report.h"
#include <string.h>

enum { CELLS_MOST = 64, CELLS_LEAST = 16, BORDER = 4, REGIONS = 16, STATES = 3 };
static const uint64_t gap_max = (uint64_t)64 << 20; /* a larger gap begins a new bar */

struct bar {
    uint64_t from, to;
    uint64_t painted[CELLS_MOST][STATES];
};

struct picture {
    struct bar bars[REGIONS];
    size_t count;
    uint32_t cells;
};

/* Extend the bar that a block is near, or begin one. */
static bool note_place(const struct heapalloc_block *block, void *argument) {
    struct picture *picture = argument;
    uint64_t from = block->address, to = from + block->bytes;
    if (to < from) return true;
    for (size_t i = picture->count; i-- > 0;) {
        struct bar *bar = &picture->bars[i];
        bool near = from <= bar->to + gap_max && to + gap_max >= bar->from;
        if (!near && !(i == 0 && picture->count == REGIONS)) continue;
        if (from < bar->from) bar->from = from;
        if (to > bar->to) bar->to = to;
        return true;
    }
    picture->bars[picture->count++] = (struct bar){.from = from, .to = to};
    return true;
}

static uint64_t remote_cell_start(const struct bar *bar, uint32_t cells, uint64_t cell) {
    uint64_t bytes = bar->to - bar->from;
    return bar->from + bytes / cells * cell + bytes % cells * cell / cells;
}

static bool paint_block(const struct heapalloc_block *block, void *argument) {
    struct picture *picture = argument;
    uint64_t from = block->address, to = from + block->bytes;
    for (size_t i = 0; i < picture->count; i++) {
        struct bar *bar = &picture->bars[i];
        if (to <= bar->from || from >= bar->to) continue;
        for (uint32_t cell = 0; cell < picture->cells; cell++) {
            uint64_t start = remote_cell_start(bar, picture->cells, cell);
            uint64_t stop = remote_cell_start(bar, picture->cells, cell + 1);
            if (start >= to) break;
            if (stop <= from) continue;
            bar->painted[cell][block->state] += (to < stop ? to : stop) - (from > start ? from : start);
        }
    }
    return true;
}

/* The letter for what most of a cell is; where less than half is live, that shows too. */
static char letter_of(const uint64_t *painted) {
    uint64_t live = painted[HEAPALLOC_BLOCK_LIVE], kept = painted[HEAPALLOC_BLOCK_KEPT];
    uint64_t free = painted[HEAPALLOC_BLOCK_FREE];
    if (live + kept + free == 0) return ' ';
    if (live >= kept && live >= free) return '#';
    return live > 0 ? '+' : kept > free ? '=' : '.';
}

static void say_bar(struct shell *shell, const struct bar *bar, uint32_t cells) {
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[36m"};
    shell_say(shell, "0x%lx, %lu bytes, a cell is %lu bytes\n  [", (unsigned long)bar->from,
              (unsigned long)(bar->to - bar->from), (unsigned long)((bar->to - bar->from + cells - 1) / cells));
    for (uint32_t cell = 0; cell < cells; cell++) {
        char letter = letter_of(bar->painted[cell]);
        const char *colour = colours[letter == '#' || letter == '+' ? 0 : letter == '=' ? 1 : 2];
        shell_say(shell, shell->platform->colour ? "%s%c\033[0m" : "%s%c", shell->platform->colour ? colour : "",
                  letter);
    }
    shell_say(shell, "]\n");
}

static void draw(struct shell *shell, struct picture *picture) {
    if (!remote_walk_heap(shell, paint_block, picture)) return;
    for (size_t i = 0; i < picture->count; i++) say_bar(shell, &picture->bars[i], picture->cells);
    if (picture->count == 0)
        shell_say(shell, "the heap is empty\n");
    else
        shell_say(shell, "   # live  + partly live  = kept  . free\n");
}

/* `visualize PLACE` draws what lies around it: the slab, or the block if that is larger. */
static bool choose_range(struct shell *shell, struct bar *bar) {
    uint64_t address, bytes, unit = remote_target()->reader.map.unit_bytes;
    struct heapalloc_block block;
    if (!remote_place(shell, shell->words[1], &address)) return false;
    if (shell->word_count > 2) {
        *bar = (struct bar){.from = address};
        if (shell_number(shell->words[2], &bytes) && bytes > 0 && !__builtin_add_overflow(address, bytes, &bar->to))
            return true;
        shell_fail(shell, "`%s` is no number of bytes\n", shell->words[2]);
        return false;
    }
    if (!remote_find(address, &block)) {
        shell_fail(shell, "0x%lx is in no block of the heap\n", (unsigned long)address);
        return false;
    }
    bool small = block.kind == HEAPALLOC_BLOCK_SMALL;
    bar->from = small ? address / unit * unit : block.address;
    bar->to = small ? bar->from + unit : block.address + block.bytes;
    return true;
}

bool remote_page(struct shell *shell, struct target *target) {
    const char *path = shell->word_count > 2 ? shell->words[2] : "heapalloc.html";
    if (shell->word_count == 1 || strcmp(shell->words[1], "--html") != 0) return false;
    if (report_heap_page(target, path))
        shell_say(shell, "wrote %s: open it in a browser\n", path);
    else
        shell_fail(shell, "there is no page %s\n", path);
    return true;
}

void remote_visualize(struct shell *shell) {
    static struct picture picture;
    uint32_t columns = shell->platform->columns;
    if (remote_page(shell, remote_target())) return;
    memset(&picture, 0, sizeof(picture));
    picture.cells = columns == 0 || columns >= CELLS_MOST + BORDER ? CELLS_MOST
                    : columns > CELLS_LEAST + BORDER               ? columns - BORDER
                                                                   : CELLS_LEAST;
    if (shell->word_count > 1) {
        if (!choose_range(shell, &picture.bars[0])) return;
        picture.count = 1;
    } else if (!remote_walk_heap(shell, note_place, &picture)) {
        return;
    }
    draw(shell, &picture);
}
