/* The remote explorer's peek: words of memory, and which blocks they point to. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"

enum { PEEK_WORDS = 8, PEEK_WORDS_MAX = 4096 };

static void say_target_of(struct shell *shell, uint64_t word) {
    struct heapalloc_block block;
    if (!remote_find(word, &block)) return;
    shell_say(shell, "  -> %s block of %lu bytes", remote_state(&block), (unsigned long)block.bytes);
    if (word > block.address) shell_say(shell, ", %lu into it", (unsigned long)(word - block.address));
}

void remote_peek(struct shell *shell) {
    uint64_t address, words = PEEK_WORDS, word;
    if (!remote_place(shell, shell->words[1], &address)) return;
    if (shell->word_count > 2 && (!shell_number(shell->words[2], &words) || words == 0 || words > PEEK_WORDS_MAX)) {
        shell_fail(shell, "`%s` is no number of words from 1 to %u\n", shell->words[2], PEEK_WORDS_MAX);
        return;
    }
    for (; words > 0; words--, address += sizeof(word)) {
        if (!remote_load(address, &word)) {
            shell_fail(shell, "0x%lx: no memory that can be read\n", (unsigned long)address);
            return;
        }
        shell_say(shell, "  0x%lx: 0x%016lx", (unsigned long)address, (unsigned long)word);
        say_target_of(shell, word);
        shell_say(shell, "\n");
    }
}
