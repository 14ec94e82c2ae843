/* The shell's peek and poke: words of memory. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"
#include "slab/block.h"

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
        if (!shell->platform->load(address, &word)) {
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
    if (!shell->platform->load(address, &before) || !shell->platform->store(address, value)) {
        shell_fail(shell, "%p cannot be written\n", (void *)address);
        return;
    }
    shell_say(shell, "%p: ", (void *)address);
    say_word(shell, value);
    shell_say(shell, ", was ");
    say_word(shell, before);
    shell_say(shell, "\n");
}
