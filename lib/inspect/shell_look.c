/* The shell's looks at blocks: walk, block; and at words of memory: peek, poke. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "inspect/shell_parts.h"

/* ---- walk ---- */

static const char *state_of(const struct shell_found *part) {
    if (part->kind == SHELL_UNCARVED) return "not cut";
    if (part->kind == SHELL_OTHER) return "used";
    return part->state == WALK_USED ? "used" : part->state == WALK_HELD ? "kept" : "free";
}

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
    shell_say(shell, "  %-10p %8zu  %s", (void *)part->start, part->bytes, state_of(part));
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

/* ---- block ---- */

struct neighbours {
    const char *start;
    struct shell_found left, right;
};

static void find_neighbours(const struct shell_found *part, void *context) {
    struct neighbours *pair = context;
    if (part->start + part->bytes == pair->start) pair->left = *part;
    if (part->start > pair->start && !pair->right.start) pair->right = *part;
}

static void say_neighbour(struct shell *shell, const char *side, const struct shell_found *part) {
    if (!part->start) {
        shell_say(shell, "  %-5s the extent's border\n", side);
        return;
    }
    shell_say(shell, "  %-5s %p, %zu bytes, %s", side, (void *)part->start, part->bytes, state_of(part));
    struct shell_label label = shell_label(shell, part->start);
    shell_say(shell, label.text[0] ? ", %s\n" : "%s\n", label.text);
}

static void say_slab(struct shell *shell, const struct shell_found *found) {
    const struct unit *slab = found->extent.line;
    shell_say(shell, "  slab  %p, class %u, %u of %u blocks cut so far, %u in its list; described by %p\n",
              (void *)shell_extent_memory(&found->extent), slab->class, slab->carved_blocks,
              class_shapes[slab->class].capacity_blocks, slab->resident_blocks - slab_used(slab), (void *)slab);
    if (found->state != WALK_FREE) return;
    const struct block *block = (const struct block *)found->start;
    shell_say(shell, "  link  %s\n",
              block->next == BLOCK_END ? "end of the list" : shell_address(shell, (uintptr_t)block->next).text);
}

static void say_medium(struct shell *shell, const struct shell_found *found) {
    shell_say(shell, "  slot  %p says %u granules, and %u to the left\n", (void *)found->slot,
              granule_count(found->slot), found->slot->before);
}

void shell_show_block(struct shell *shell) {
    uintptr_t address;
    if (!shell_place(shell, shell->words[1], &address)) return;
    struct shell_found found = shell_find(address);
    if (found.kind == SHELL_FOREIGN || found.kind == SHELL_UNTOUCHED || found.kind == SHELL_DAMAGED) {
        shell_fail(shell, "%p %s\n", (void *)address,
                   found.kind == SHELL_FOREIGN     ? "is not the heap's"
                   : found.kind == SHELL_UNTOUCHED ? "was never handed out so far"
                                                   : "is described by damaged tables; `check` tells more");
        return;
    }
    struct neighbours pair = {.start = found.start};
    shell_parts(&found.extent, find_neighbours, &pair);
    if ((char *)address != found.start) shell_say(shell, "%p lies in\n", (void *)address);
    struct shell_label label = shell_label(shell, found.start);
    shell_say(shell, "%p: %zu bytes, %s%s%s", (void *)found.start, found.bytes, state_of(&found),
              found.where[0] ? ", " : "", found.where);
    shell_say(shell, label.text[0] ? ", block %s\n" : "%s\n", label.text);
    if (found.kind == SHELL_BLOCK || found.kind == SHELL_UNCARVED)
        say_slab(shell, &found);
    else if (found.kind == SHELL_MEDIUM)
        say_medium(shell, &found);
    else
        shell_say(shell, "  extent of %u units, %s; described by %p\n", found.extent.units,
                  shell_extent_name(&found.extent), (void *)found.extent.line);
    say_neighbour(shell, "left", &pair.left);
    say_neighbour(shell, "right", &pair.right);
}

/* ---- peek and poke ---- */

/* Print a word: an address in the heap or its tables as one, and the mark that ends every list as
 * such. */
static void say_word(struct shell *shell, uint64_t word) {
    struct shell_address address = shell_address(shell, (uintptr_t)word);
    if (word == (uintptr_t)BLOCK_END)
        shell_say(shell, "end");
    else if (address.text[0] == '0')
        shell_say(shell, "0x%016lx", (unsigned long)word);
    else
        shell_say(shell, "%s", address.text);
}

void shell_peek(struct shell *shell) {
    enum { WORDS_MAX = 64 };
    uintptr_t address;
    uint64_t words = 1, word;
    if (!shell_place(shell, shell->words[1], &address)) return;
    if (shell->word_count > 2 && (!shell_number(shell->words[2], &words) || words == 0 || words > WORDS_MAX)) {
        shell_fail(shell, "`%s`: 1 to %u words\n", shell->words[2], WORDS_MAX);
        return;
    }
    for (; words > 0; words--, address += sizeof(word)) {
        if (!shell->world->load(address, &word)) {
            shell_fail(shell, "%p cannot be read\n", (void *)address);
            return;
        }
        shell_say(shell, "%p: ", (void *)address);
        say_word(shell, word);
        shell_say(shell, "\n");
    }
}

/* Parse a word for memory: a number, an address with a sign, a block's name, or the mark that ends every list. */
static bool value_of(struct shell *shell, const char *word, uint64_t *value) {
    uintptr_t address;
    bool digits = word[0] >= '0' && word[0] <= '9';
    if (shell_number(word, value)) return true;
    if (shell_same(word, "end")) {
        *value = (uintptr_t)BLOCK_END;
        return true;
    }
    if (digits) shell_fail(shell, "`%s` is not a number: those are decimal or 0x..., with K, M or G\n", word);
    if (digits || !shell_place(shell, word, &address)) return false;
    *value = address;
    return true;
}

void shell_poke(struct shell *shell) {
    uintptr_t address;
    uint64_t value, before = 0;
    if (!shell_place(shell, shell->words[1], &address) || !value_of(shell, shell->words[2], &value)) return;
    if (!shell->world->load(address, &before) || !shell->world->store(address, value)) {
        shell_fail(shell, "%p cannot be written\n", (void *)address);
        return;
    }
    shell_say(shell, "%p: ", (void *)address);
    say_word(shell, value);
    shell_say(shell, ", was ");
    say_word(shell, before);
    shell_say(shell, "\n");
}
