/* The remote explorer's walk: the blocks of the heap, or of one unit. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"

/* A run of blocks next to each other, of one kind and size. */
struct run {
    struct shell *shell;
    struct heapalloc_block first;
    uint64_t end, blocks, live;
    bool each; /* no sums, but each block from `first` to `end` */
};

static void say_run(struct run *run) {
    if (run->blocks == 0) return;
    shell_say(run->shell, "  0x%lx  %lu bytes  ", (unsigned long)run->first.address,
              (unsigned long)(run->end - run->first.address));
    if (run->blocks == 1)
        shell_say(run->shell, "one %s block, %s\n", remote_kind(&run->first), remote_state(&run->first));
    else
        shell_say(run->shell, "%lu %s blocks of %lu bytes, %lu live\n", (unsigned long)run->blocks,
                  remote_kind(&run->first), (unsigned long)run->first.bytes, (unsigned long)run->live);
    run->blocks = run->live = 0;
}

static bool sum_block(const struct heapalloc_block *block, void *argument) {
    struct run *run = argument;
    bool small = block->kind == HEAPALLOC_BLOCK_SMALL;
    uint64_t unit = remote_target()->reader.map.unit_bytes;
    bool same = run->blocks > 0 && small && run->first.kind == block->kind && run->first.bytes == block->bytes &&
                run->first.address / unit == block->address / unit;
    if (!same) {
        say_run(run);
        run->first = *block;
    }
    run->end = block->address + block->bytes;
    run->blocks++;
    run->live += block->state == HEAPALLOC_BLOCK_LIVE;
    return true;
}

static bool say_block(const struct heapalloc_block *block, void *argument) {
    struct run *run = argument;
    if (block->address < run->first.address || block->address >= run->end) return block->address < run->end;
    shell_say(run->shell, "  0x%lx %10lu  %s  %s\n", (unsigned long)block->address, (unsigned long)block->bytes,
              remote_state(block), remote_kind(block));
    run->blocks++;
    return true;
}

void remote_walk(struct shell *shell) {
    struct run run = {.shell = shell};
    uint64_t address, unit = remote_target()->reader.map.unit_bytes;
    struct heapalloc_block block;
    if (shell->word_count == 1) {
        if (remote_walk_heap(shell, sum_block, &run)) say_run(&run);
        return;
    }
    if (!remote_place(shell, shell->words[1], &address)) return;
    bool found = remote_find(address, &block);
    run.first.address = found && block.kind != HEAPALLOC_BLOCK_SMALL ? block.address : address / unit * unit;
    run.end = found && block.kind != HEAPALLOC_BLOCK_SMALL ? block.address + block.bytes : run.first.address + unit;
    if (remote_walk_heap(shell, say_block, &run) && run.blocks == 0)
        shell_fail(shell, "0x%lx is in no block of the heap\n", (unsigned long)address);
}
