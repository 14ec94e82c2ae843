/* Parses sizes and places in the shell's input: an address, a block's name, a line or slot, and offsets from those. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"
#include "span/span.h"

bool shell_size(struct shell *shell, const char *word, size_t *size) {
    uint64_t number;
    if (!shell_number(word, &number)) {
        shell_fail(shell, "`%s` is not a size: sizes are decimal or 0x..., with K, M or G\n", word);
        return false;
    }
    *size = (size_t)number;
    return true;
}

/* ---- places ---- */

/* The line, or slot, that describes an address; 0: none does. */
static uintptr_t entry_of(uintptr_t address, bool line) {
    const struct span *span = span_of((void *)address);
    if (!span) return 0;
    size_t offset = address - (uintptr_t)span->base;
    return line ? (uintptr_t)span_line(span, offset) : (uintptr_t)span_slot(span, (void *)address);
}

/* A block's number or name, or an address. */
static bool take_base(struct shell *shell, const char **text, uintptr_t *address) {
    const char *word = *text;
    uint64_t number;
    bool sign = *word == '+' || *word == '-';
    if (sign || (word[0] == '0' && (word[1] | 0x20) == 'x')) {
        const char *at = word + sign;
        if (!shell_take_number(&at, &number)) {
            shell_fail(shell, "`%s` is not an address: those are 0x... or +0x...\n", word);
            return false;
        }
        *address = !sign ? number : *word == '+' ? shell->origin + number : shell->origin - number;
        *text = at;
        return true;
    }
    size_t length = 0;
    while (word[length] && word[length] != '+' && word[length] != '-') length++;
    const struct shell_block *block = shell_block_named(shell, word, length);
    if (!block) return false;
    if (!block->memory) {
        shell_fail(shell, "block %u was freed, and its memory is another block's\n", block->number);
        return false;
    }
    *address = (uintptr_t)block->memory;
    *text = word + length;
    return true;
}

bool shell_place(struct shell *shell, const char *word, uintptr_t *address) {
    bool line = shell_begins_with(word, "line:"), slot = shell_begins_with(word, "slot:");
    const char *at = word + (line || slot ? 5 : 0);
    if (!take_base(shell, &at, address)) return false;
    if (line || slot) {
        uintptr_t described = *address;
        *address = entry_of(described, line);
        if (*address == 0) {
            shell_fail(shell, "%p is not the heap's: it has no %s\n", (void *)described, line ? "line" : "slot");
            return false;
        }
    }
    while (*at == '+' || *at == '-') {
        bool minus = *at++ == '-';
        uint64_t number;
        if (!shell_take_number(&at, &number)) break;
        *address = minus ? *address - number : *address + number;
    }
    if (*at == 0) return true;
    shell_fail(shell, "`%s` is not a place: what stands at `%s` is no number\n", word, at);
    return false;
}
