/* The numbers and names of the shell's blocks. */
/* SPDX-License-Identifier: MIT */
#include "base/memory.h"
#include "shell/parts.h"

struct shell_block *shell_block_at(struct shell *shell, const void *memory) {
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        struct shell_block *block = &shell->blocks[i];
        if (block->number > 0 && memory && block->memory == memory) return block;
    }
    return NULL;
}

/* The block of this name, a live one first, because a name may be used again. */
static struct shell_block *find_named(struct shell *shell, const char *word) {
    struct shell_block *freed = NULL;
    uint64_t number = 0;
    bool is_number = shell_number(word, &number);
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        struct shell_block *block = &shell->blocks[i];
        if (block->number == 0) continue;
        if (is_number ? block->number != number : !shell_same(block->name, word)) continue;
        if (block->live) return block;
        if (!freed || freed->number < block->number) freed = block;
    }
    return freed;
}

struct shell_block *shell_block_named(struct shell *shell, const char *word, size_t length) {
    char name[SHELL_LINE_MAX];
    if (length > sizeof(name) - 1) length = sizeof(name) - 1;
    memcpy(name, word, length);
    name[length] = 0;
    struct shell_block *block = find_named(shell, name);
    if (!block)
        shell_fail(shell, "there is no block `%s`: `status` lists them; addresses begin with 0x or +0x\n", name);
    return block;
}

struct shell_label shell_label(struct shell *shell, const void *memory) {
    struct shell_label label = {{0}};
    const struct shell_block *block = shell_block_at(shell, memory);
    if (!block) return label;
    char digits[11], *at = digits + sizeof(digits) - 1;
    *at = 0;
    for (uint32_t number = block->number; number > 0; number /= 10) *--at = (char)('0' + number % 10);
    uint32_t length = 0;
    if (!block->live) label.text[length++] = '(';
    for (const char *c = block->name[0] ? block->name : at; *c; c++) label.text[length++] = *c;
    if (!block->live) label.text[length] = ')';
    return label;
}

bool shell_name_is_right(struct shell *shell, const char *name) {
    uint32_t length = 0;
    for (; name[length]; length++) {
        char c = name[length];
        bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
        if (!letter && !(length > 0 && c >= '0' && c <= '9')) break;
    }
    if (name[length] || length >= SHELL_NAME_MAX) {
        shell_fail(shell, "`%s` is not a name: letters, digits and _, %u at most, a letter first\n", name,
                   SHELL_NAME_MAX - 1);
        return false;
    }
    const struct shell_block *other = find_named(shell, name);
    if (shell_same(name, "end")) {
        shell_fail(shell, "`end` is what ends a list, not a name\n");
        return false;
    }
    if (other && other->live) shell_fail(shell, "block %u is called %s already\n", other->number, name);
    return !other || !other->live;
}

void shell_name_block(struct shell_block *block, const char *name) {
    uint32_t length = 0;
    for (; name[length] && length < SHELL_NAME_MAX - 1; length++) block->name[length] = name[length];
    block->name[length] = 0;
}

void shell_rename(struct shell *shell) {
    const char *name = shell->word_count > 2 ? shell->words[2] : "", *word = shell->words[1];
    size_t length = 0;
    while (word[length]) length++;
    struct shell_block *block = shell_block_named(shell, word, length);
    if (!block || (name[0] && !shell_name_is_right(shell, name))) return;
    shell_name_block(block, name);
    shell_say(shell, name[0] ? "block %u is called %s\n" : "block %u has no name\n", block->number, name);
}
