/* The shell's walk: the extents of the heap, or the blocks of one. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "shell/parts.h"

/* One line for a part, or for a run of parts that are alike and not ours. */
struct run {
    struct shell *shell;
    struct shell_found first;
    uint32_t count;
};

static void say_run(struct run *run) {
    struct shell *shell = run->shell;
    const struct shell_found *part = &run->first;
    if (run->count == 0) return;
    shell_say(shell, "  %-10p %8zu  %s", (void *)part->start, part->bytes, shell_state_name(part));
    struct shell_label label = shell_label(shell, part->start);
    if (label.text[0]) shell_say(shell, "  %s", label.text);
    if (part->where[0]) shell_say(shell, "  %s", part->where);
    if (run->count > 1) shell_say(shell, ", and %u more like it", run->count - 1);
    shell_say(shell, "\n");
    run->count = 0;
}

static void walk_part(const struct shell_found *part, void *context) {
    struct run *run = context;
    const struct shell_found *first = &run->first;
    bool alike = run->count > 0 && part->kind == first->kind && part->state == first->state &&
                 part->bytes == first->bytes && part->where == first->where;
    if (alike && !shell_label(run->shell, part->start).text[0] && !shell_label(run->shell, first->start).text[0]) {
        run->count++;
        return;
    }
    say_run(run);
    run->first = *part;
    run->count = 1;
}

static void say_extent(struct shell *shell, const struct extent_walk *extent) {
    shell_say(shell, "%p  %zu KiB  %s", (void *)shell_extent_memory(extent), (size_t)extent->units << (UNIT_SHIFT - 10),
              shell_extent_name(extent));
    if (extent->line->kind == UNIT_SLAB) shell_say(shell, " of blocks of %u bytes", extent->line->block_bytes);
    shell_say(shell, "\n");
}

static bool walk_extent(struct shell *shell, const struct extent_walk *extent) {
    struct run run = {.shell = shell};
    say_extent(shell, extent);
    bool whole = shell_parts(extent, walk_part, &run);
    say_run(&run);
    if (!whole) shell_fail(shell, "  what follows is damaged; `check` tells more\n");
    return whole;
}

/* Find the extent around an address; prints that there is none. */
static bool extent_around(struct shell *shell, const char *word, struct extent_walk *extent) {
    uintptr_t address;
    if (!shell_place(shell, word, &address)) return false;
    struct shell_found found = shell_find(address);
    *extent = found.extent;
    if (found.kind == SHELL_FOREIGN) shell_fail(shell, "%p is not the heap's\n", (void *)address);
    if (found.kind == SHELL_UNTOUCHED) shell_fail(shell, "%p was never handed out so far\n", (void *)address);
    return found.kind != SHELL_FOREIGN && found.kind != SHELL_UNTOUCHED;
}

void shell_walk(struct shell *shell) {
    struct extent_walk walk = {0};
    if (shell->word_count > 1) {
        if (extent_around(shell, shell->words[1], &walk)) walk_extent(shell, &walk);
        return;
    }
    uint32_t extents = 0;
    for (; extent_walk_next(&walk); extents++) say_extent(shell, &walk);
    if (walk.broken)
        shell_fail(shell, "%p is damaged; `check` tells more\n", (void *)shell_extent_memory(&walk));
    else if (extents == 0)
        shell_say(shell, "the heap is empty\n");
}
