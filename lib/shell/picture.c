/* The shell's visualize: a bar in proportion, with offsets above and the names of blocks below. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"

enum { CELLS = 64, TICK_CELLS = 16, CELLS_LEAST = 16, BORDER = 4 };

/* What a cell of the bar may show, and by which letter and colour. */
enum paint { PAINT_USED, PAINT_OWN, PAINT_KEPT, PAINT_FREE, PAINT_UNCUT, PAINT_KINDS };

static const struct {
    char letter;
    const char *name, *colour;
} paints[PAINT_KINDS] = {
    {'#', "used", "\033[32m"}, {'%', "the allocator's own", "\033[34m"}, {'=', "kept", "\033[33m"},
    {'.', "free", "\033[36m"}, {' ', "not cut, or never used", ""},
};

struct picture {
    struct shell *shell;
    uintptr_t from;
    uint64_t bytes;
    uint32_t cells; /* as many as the terminal has room for, at most CELLS */
    uint64_t painted[CELLS][PAINT_KINDS];
    char labels[CELLS + SHELL_LABEL_MAX];
    bool shown[PAINT_KINDS];
};

/* Where a cell begins; the cell that an offset lies in. */
static uint64_t cell_start(const struct picture *picture, uint64_t cell) {
    return picture->bytes / picture->cells * cell + picture->bytes % picture->cells * cell / picture->cells;
}

static uint32_t cell_of(const struct picture *picture, uint64_t offset) {
    uint32_t cell = 0;
    while (cell < picture->cells - 1 && cell_start(picture, cell + 1) <= offset) cell++;
    return cell;
}

static void paint(struct picture *picture, uintptr_t from, size_t bytes, enum paint kind) {
    uintptr_t end = from + bytes;
    if (end <= picture->from || from >= picture->from + picture->bytes) return;
    uint64_t first = from > picture->from ? from - picture->from : 0;
    uint64_t last = end - picture->from < picture->bytes ? end - picture->from : picture->bytes;
    for (uint32_t cell = cell_of(picture, first); cell < picture->cells && cell_start(picture, cell) < last; cell++) {
        uint64_t start = cell_start(picture, cell), stop = cell_start(picture, cell + 1);
        picture->painted[cell][kind] += (last < stop ? last : stop) - (first > start ? first : start);
    }
}

/* Write the block's name under its first cell, if there is room. */
static void label(struct picture *picture, uintptr_t at) {
    if (at - picture->from >= picture->bytes) return;
    struct shell_label text = shell_label(picture->shell, (void *)at);
    uint32_t cell = cell_of(picture, at - picture->from), length = 0;
    if (text.text[0] == '(') return;
    while (text.text[length]) length++;
    if (length == 0 || (cell > 0 && picture->labels[cell - 1] != ' ')) return;
    for (uint32_t i = 0; i < length; i++)
        if (picture->labels[cell + i] != ' ') return;
    for (uint32_t i = 0; i < length; i++) picture->labels[cell + i] = text.text[i];
}

static enum paint paint_of(const struct shell_found *part) {
    if (part->kind == SHELL_OTHER) return PAINT_OWN;
    if (part->kind == SHELL_UNCARVED) return PAINT_UNCUT;
    return part->state == WALK_USED ? PAINT_USED : part->state == WALK_HELD ? PAINT_KEPT : PAINT_FREE;
}

static void paint_part(const struct shell_found *part, void *context) {
    struct picture *picture = context;
    paint(picture, (uintptr_t)part->start, part->bytes, paint_of(part));
    label(picture, (uintptr_t)part->start);
}

/* The letter for what most of a cell is. A cell that has something used, but less than half, shows that too. */
static char letter_of(struct picture *picture, uint32_t cell, enum paint *kind) {
    const uint64_t *painted = picture->painted[cell];
    *kind = PAINT_UNCUT;
    for (uint32_t i = 0; i < PAINT_KINDS; i++)
        if (painted[i] > painted[*kind]) *kind = (enum paint)i;
    picture->shown[*kind] = true;
    if (painted[PAINT_USED] == 0 || *kind == PAINT_USED) return paints[*kind].letter;
    picture->shown[PAINT_USED] = true;
    *kind = PAINT_USED;
    return '+';
}

static void say_ticks(struct picture *picture) {
    uint32_t written = 0;
    shell_say(picture->shell, "   ");
    for (uint32_t cell = 0; cell < picture->cells; cell += TICK_CELLS) {
        struct shell_address at = shell_address(picture->shell, picture->from + cell_start(picture, cell));
        if (written > 0 && written >= cell) continue; /* the one before was long */
        for (; written < cell; written++) shell_say(picture->shell, " ");
        shell_say(picture->shell, "%s", at.text);
        for (uint32_t i = 0; at.text[i]; i++) written++;
    }
    shell_say(picture->shell, "\n");
}

static void say_bar(struct picture *picture) {
    bool colour = picture->shell->platform->colour, mixed = false;
    shell_say(picture->shell, "  [");
    for (uint32_t cell = 0; cell < picture->cells; cell++) {
        enum paint kind;
        char letter = letter_of(picture, cell, &kind);
        mixed |= letter == '+';
        if (colour)
            shell_say(picture->shell, "%s%c\033[0m", paints[kind].colour, letter);
        else
            shell_say(picture->shell, "%c", letter);
    }
    shell_say(picture->shell, "]\n");
    uint32_t length = sizeof(picture->labels);
    while (length > 0 && picture->labels[length - 1] == ' ') length--;
    if (length > 0) shell_say(picture->shell, "   ");
    for (uint32_t i = 0; i < length; i++) shell_say(picture->shell, "%c", picture->labels[i]);
    if (length > 0) shell_say(picture->shell, "\n");
    shell_say(picture->shell, "   ");
    for (uint32_t i = 0; i < PAINT_KINDS; i++)
        if (picture->shown[i] && i != PAINT_UNCUT)
            shell_say(picture->shell, "%c %s  ", paints[i].letter, paints[i].name);
    if (mixed) shell_say(picture->shell, "+ partly used  ");
    shell_say(picture->shell, "a cell is %lu bytes\n",
              (unsigned long)((picture->bytes + picture->cells - 1) / picture->cells));
}

static uint32_t cells_of(const struct shell *shell) {
    uint32_t columns = shell->platform->columns;
    if (columns == 0 || columns >= CELLS + BORDER) return CELLS;
    return columns > CELLS_LEAST + BORDER ? columns - BORDER : CELLS_LEAST;
}

static void draw(struct shell *shell, const char *what, uintptr_t from, uint64_t bytes) {
    struct picture picture = {
        .shell = shell, .from = from, .bytes = bytes < CELLS ? CELLS : bytes, .cells = cells_of(shell)};
    bool whole = true;
    struct extent_walk walk = {0};
    for (uint32_t i = 0; i < sizeof(picture.labels); i++) picture.labels[i] = ' ';
    while (extent_walk_next(&walk)) {
        uintptr_t start = (uintptr_t)shell_extent_memory(&walk), end = start + ((size_t)walk.units << UNIT_SHIFT);
        if (start < from + picture.bytes && end > from) whole &= shell_parts(&walk, paint_part, &picture);
    }
    shell_say(shell, "%s%p, %lu bytes\n", what, (void *)from, (unsigned long)picture.bytes);
    say_ticks(&picture);
    say_bar(&picture);
    if (!whole || walk.broken) shell_fail(shell, "some of it is damaged; `check` tells more\n");
}

/* Draw every span that is in use. */
static void draw_heap(struct shell *shell) {
    uint32_t drawn = 0;
    for (uint32_t place = 0; place < inspect_span_places(); place++) {
        const struct span *span = inspect_span(place);
        if (!span || span->top_units == 0) continue;
        draw(shell, "the heap: ", (uintptr_t)span->base, (size_t)span->top_units << UNIT_SHIFT);
        drawn++;
    }
    if (drawn == 0) shell_say(shell, "the heap is empty\n");
}

/* The bytes of an extent that are drawn: of a slab as far as it is carved. */
static uint64_t bytes_of(const struct extent_walk *extent) {
    const struct unit *line = extent->line;
    bool slab = line->kind == UNIT_SLAB && line->carved_blocks > 0 && line->block_bytes > 0;
    return slab ? (uint64_t)line->carved_blocks * line->block_bytes : (uint64_t)extent->units << UNIT_SHIFT;
}

void shell_visualize(struct shell *shell) {
    uintptr_t address;
    size_t bytes;
    if (shell->word_count == 1) {
        draw_heap(shell);
        return;
    }
    if (!shell_place(shell, shell->words[1], &address)) return;
    struct shell_found found = shell_find(address);
    if (found.kind == SHELL_FOREIGN || found.kind == SHELL_UNTOUCHED) {
        shell_fail(shell, "%p is no memory that was handed out\n", (void *)address);
    } else if (shell->word_count > 2) {
        if (shell_size(shell, shell->words[2], &bytes)) draw(shell, "", address, bytes);
    } else {
        uintptr_t start = (uintptr_t)shell_extent_memory(&found.extent);
        uint64_t extent_bytes = bytes_of(&found.extent);
        bool cut_off = address - start >= extent_bytes;
        shell_say(shell, "%s", shell_extent_name(&found.extent));
        if (found.extent.line->kind == UNIT_SLAB)
            shell_say(shell, " of blocks of %u bytes", found.extent.line->block_bytes);
        draw(shell, ": ", start, cut_off ? UNIT_BYTES : extent_bytes);
    }
}
