/* The shell's leaks and collect: blocks that nothing leads to, as a garbage collector would find them.
 *
 * The names of blocks are the roots, like a program's variables. Every aligned word of a block that is reached may be a
 * pointer, also into the middle of a block, as in the search for leaks of a program. Source: McCarthy, Recursive
 * Functions of Symbolic Expressions and Their Computation by Machine, 1960. */
/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "inspect/shell_parts.h"

enum { WORD = sizeof(uint64_t) };

/* One mark for each of the shell's blocks. */
struct reach {
    struct shell *shell;
    const struct shell_block *block; /* that is scanned */
    bool reached[SHELL_BLOCKS_MAX], scanned[SHELL_BLOCKS_MAX];
};

/* Mark the block that a word points into. */
static void reach_word(struct reach *reach, uint64_t word) {
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        const struct shell_block *block = &reach->shell->blocks[i];
        size_t bytes = block->asked_bytes > 0 ? block->asked_bytes : 1;
        if (block->live && word - (uintptr_t)block->memory < bytes) reach->reached[i] = true;
    }
}

/* Scan a block. A step, because tables that were written over may say that unmapped memory is a block. */
static void step_scan(void *context) {
    struct reach *reach = context;
    const struct shell_block *block = reach->block;
    const struct shell_found found = shell_find((uintptr_t)block->memory);
    size_t bytes = block->asked_bytes & ~(size_t)(WORD - 1);
    bool sound = found.start == block->memory && found.state == WALK_USED && bytes <= found.bytes;
    for (size_t at = 0; sound && at < bytes; at += WORD) {
        uint64_t word;
        memcpy(&word, block->memory + at, WORD);
        reach_word(reach, word);
    }
}

static void reach_all(struct reach *reach) {
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++)
        reach->reached[i] = reach->shell->blocks[i].live && reach->shell->blocks[i].name[0];
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
            if (!reach->reached[i] || reach->scanned[i]) continue;
            reach->scanned[i] = more = true;
            reach->block = &reach->shell->blocks[i];
            const char *sentence = reach->shell->world->attempt(step_scan, reach);
            if (sentence) shell_say_stop(reach->shell, sentence);
        }
    }
}

/* The live block of the lowest number after `number` that was not reached; NULL: there are no more. */
static struct shell_block *next_lost(const struct reach *reach, uint32_t number) {
    struct shell_block *next = NULL;
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        struct shell_block *block = &reach->shell->blocks[i];
        if (block->live && !reach->reached[i] && block->number > number && (!next || block->number < next->number))
            next = block;
    }
    return next;
}

void shell_leaks(struct shell *shell) {
    struct reach reach = {.shell = shell};
    size_t count = 0, bytes = 0;
    reach_all(&reach);
    for (const struct shell_block *block = NULL; (block = next_lost(&reach, block ? block->number : 0)); count++) {
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
    struct reach reach = {.shell = shell};
    size_t count = 0, bytes = 0;
    reach_all(&reach);
    for (struct shell_block *block = NULL; (block = next_lost(&reach, block ? block->number : 0));) {
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
