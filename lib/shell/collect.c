/* The shell's leaks and collect: blocks that nothing leads to, as a garbage collector would find them.
 *
 * The names of blocks are the roots, like a program's variables. Every aligned word of a block that is reached may be a
 * pointer, also into the middle of a block, as in the search for leaks of a program. Source: McCarthy, Recursive
 * Functions of Symbolic Expressions and Their Computation by Machine, 1960. */
/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "shell/parts.h"

enum { WORD = sizeof(uint64_t) };

/* One mark for each of the shell's blocks. */
struct marks {
    struct shell *shell;
    const struct shell_block *block; /* that is scanned */
    bool seen[SHELL_BLOCKS_MAX];     /* something leads to it */
    bool grey[SHELL_BLOCKS_MAX];     /* and it was not scanned yet */
};

static void mark(struct marks *marks, uint32_t index) {
    marks->grey[index] |= !marks->seen[index];
    marks->seen[index] = true;
}

/* Mark the block that a word points into. */
static void mark_word(struct marks *marks, uint64_t word) {
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        const struct shell_block *block = &marks->shell->blocks[i];
        size_t bytes = block->asked_bytes > 0 ? block->asked_bytes : 1;
        if (block->live && word - (uintptr_t)block->memory < bytes) mark(marks, i);
    }
}

/* Scan a block. A step, because tables that were written over may say that unmapped memory is a block. */
static void step_scan(void *context) {
    struct marks *marks = context;
    const struct shell_block *block = marks->block;
    const struct shell_found found = shell_find((uintptr_t)block->memory);
    size_t bytes = block->asked_bytes & ~(size_t)(WORD - 1);
    bool sound = found.start == block->memory && found.state == WALK_USED && bytes <= found.bytes;
    for (size_t at = 0; sound && at < bytes; at += WORD) {
        uint64_t word;
        memcpy(&word, block->memory + at, WORD);
        mark_word(marks, word);
    }
}

static void mark_all(struct marks *marks) {
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++)
        if (marks->shell->blocks[i].live && marks->shell->blocks[i].name[0]) mark(marks, i);
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
            if (!marks->grey[i]) continue;
            marks->grey[i] = false;
            more = true;
            marks->block = &marks->shell->blocks[i];
            const char *sentence = marks->shell->platform->attempt(step_scan, marks);
            if (sentence) shell_say_stop(marks->shell, sentence);
        }
    }
}

/* The live block of the lowest number after `number` that was not reached; NULL: there are no more. */
static struct shell_block *next_lost(const struct marks *marks, uint32_t number) {
    struct shell_block *next = NULL;
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        struct shell_block *block = &marks->shell->blocks[i];
        if (block->live && !marks->seen[i] && block->number > number && (!next || block->number < next->number))
            next = block;
    }
    return next;
}

void shell_leaks(struct shell *shell) {
    struct marks marks = {.shell = shell};
    size_t count = 0, bytes = 0;
    mark_all(&marks);
    for (const struct shell_block *block = NULL; (block = next_lost(&marks, block ? block->number : 0)); count++) {
        shell_say(shell, "%4u  %-10p %8zu\n", block->number, (void *)block->memory, block->asked_bytes);
        bytes += block->asked_bytes;
    }
    if (count == 0) {
        shell_say(shell, "every block has a name, or one that has leads to it\n");
        return;
    }
    shell_count(shell, count, "block");
    shell_say(shell, " lost, %zu bytes: `collect` frees %s\n", bytes, count == 1 ? "it" : "them");
}

void shell_collect(struct shell *shell) {
    struct marks marks = {.shell = shell};
    size_t count = 0, bytes = 0;
    mark_all(&marks);
    for (struct shell_block *block = NULL; (block = next_lost(&marks, block ? block->number : 0));) {
        struct shell_found found = shell_find((uintptr_t)block->memory);
        found.start = block->memory;
        if (!shell_give_back(shell, &found)) break;
        bytes += block->asked_bytes;
        count++;
    }
    shell_say(shell, "freed ");
    shell_count(shell, count, "block");
    shell_say(shell, " that nothing led to, %zu bytes\n", bytes);
}
