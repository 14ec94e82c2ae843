/* What the commands of the remote explorer share: its target, addresses, blocks. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"

static struct target *target;

void remote_begin(struct target *opened) {
    target = opened;
}

struct target *remote_target(void) {
    return target;
}

bool remote_load(uintptr_t address, uint64_t *word) {
    return target->reader.read(target->reader.context, address, word, sizeof(*word));
}

bool remote_place(struct shell *shell, const char *word, uint64_t *address) {
    if (shell_number(word, address)) return true;
    shell_fail(shell, "`%s` is no address: here they are numbers, as `walk` prints them\n", word);
    return false;
}

bool remote_walk_heap(struct shell *shell, heapalloc_visit *visit, void *argument) {
    target->reader.torn = target->reader.unreadable = 0;
    target->reader.fault[0] = 0;
    bool whole = reader_walk(&target->reader, visit, argument) || target->reader.stopped;
    if (!whole) shell_fail(shell, "the heap of %s has gone away\n", target->name);
    if (target->reader.torn > 0 && !target->process) shell_fail(shell, "some of it is damaged; `check` tells more\n");
    return whole;
}

const char *remote_state(const struct heapalloc_block *block) {
    static const char *const names[] = {"live", "kept", "free"};
    return names[block->state];
}

const char *remote_kind(const struct heapalloc_block *block) {
    static const char *const names[] = {"small", "medium", "large", "pool", "arena"};
    return names[block->kind];
}

struct search {
    uint64_t address;
    struct heapalloc_block block;
    bool found;
};

static bool is_around(const struct heapalloc_block *block, void *argument) {
    struct search *search = argument;
    search->found = search->address - block->address < block->bytes;
    search->block = *block;
    return !search->found;
}

bool remote_find(uint64_t address, struct heapalloc_block *block) {
    struct search search = {.address = address};
    reader_walk(&target->reader, is_around, &search);
    *block = search.block;
    return search.found;
}
