/* The remote explorer's looks at blocks and words: walk, block, freelist, peek. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"
#include "report_pins.h"
#include "sites.h"
#include <string.h>

enum { PEEK_WORDS = 8, PEEK_WORDS_MAX = 4096, LINE_BYTES = 1024 };

/* ---- walk ---- */

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

/* ---- block ---- */

struct finder {
    uint64_t address;
    struct heapalloc_block left, block, right;
    bool found, has_right;
};

static bool find_block(const struct heapalloc_block *block, void *argument) {
    struct finder *finder = argument;
    if (finder->found) {
        finder->right = *block;
        finder->has_right = block->address == finder->block.address + finder->block.bytes;
        return false;
    }
    finder->found = finder->address - block->address < block->bytes;
    *(finder->found ? &finder->block : &finder->left) = *block;
    return true;
}

static void say_neighbour(struct shell *shell, const char *side, const struct heapalloc_block *block) {
    shell_say(shell, "  %-5s 0x%lx, %lu bytes, %s\n", side, (unsigned long)block->address, (unsigned long)block->bytes,
              remote_state(block));
}

/* Who allocated it, if the profiler has a record. */
static void say_site(struct shell *shell, uint64_t address) {
    struct target *target = remote_target();
    struct heap_profile profile = {0};
    struct names names = {0};
    struct pins pins;
    char stack[LINE_BYTES];
    if (pins_read(&pins, target) && pins_keep(&pins, address) && pins_profile(&pins, target, &profile, &names) &&
        profile.sample_count > 0) {
        sites_stack_text(&profile, profile.samples, stack, sizeof(stack));
        shell_say(shell, "  %lu bytes requested by %s\n", (unsigned long)pins.pins[0].bytes, stack);
    }
    heap_profile_free(&profile);
    names_free(&names);
    pins_free(&pins);
}

void remote_block(struct shell *shell) {
    struct finder finder = {0};
    if (!remote_place(shell, shell->words[1], &finder.address)) return;
    if (!remote_walk_heap(shell, find_block, &finder)) return;
    const struct heapalloc_block *block = &finder.block;
    if (!finder.found) {
        shell_fail(shell, "0x%lx is in no block of the heap\n", (unsigned long)finder.address);
        return;
    }
    shell_say(shell, "0x%lx: %s, a %s block of %lu bytes", (unsigned long)block->address, remote_state(block),
              remote_kind(block), (unsigned long)block->bytes);
    if (finder.address > block->address)
        shell_say(shell, "; 0x%lx is %lu bytes into it", (unsigned long)finder.address,
                  (unsigned long)(finder.address - block->address));
    shell_say(shell, "\n");
    if (finder.left.bytes && finder.left.address + finder.left.bytes == block->address)
        say_neighbour(shell, "left", &finder.left);
    if (finder.has_right) say_neighbour(shell, "right", &finder.right);
    if (block->state == HEAPALLOC_BLOCK_LIVE) say_site(shell, block->address);
}

/* ---- freelist ---- */

struct lists {
    struct shell *shell;
    uint64_t wanted; /* bytes; 0: all */
    uint32_t heap, said;
    bool exists; /* there are blocks of that size */
};

static void say_bins(uint64_t heap, uint32_t state, void *argument) {
    struct lists *lists = argument;
    struct reader *reader = &remote_target()->reader;
    bool named = false;
    for (uint32_t class = 1; class < reader->map.class_count; class ++) {
        uint64_t first;
        uint32_t bytes = reader_class_bytes(reader, class), count;
        lists->exists |= lists->wanted == bytes || !lists->wanted;
        if ((lists->wanted && lists->wanted != bytes) || (count = reader_bin(reader, heap, class, &first)) == 0)
            continue;
        if (!named)
            shell_say(lists->shell, "heap %u at 0x%lx, %s\n", lists->heap, (unsigned long)heap,
                      state == HEAPALLOC_MAP_HEAP_LIVE ? "a thread's" : "without a thread");
        named = true;
        lists->said++;
        shell_say(lists->shell, "  %5u bytes: %u block%s, the first at 0x%lx\n", bytes, count, count == 1 ? "" : "s",
                  (unsigned long)first);
    }
    lists->heap++;
}

void remote_freelist(struct shell *shell) {
    struct lists lists = {.shell = shell};
    struct reader *reader = &remote_target()->reader;
    if (shell->word_count > 1 && !shell_number(shell->words[1], &lists.wanted)) {
        shell_fail(shell, "`%s` is no size of blocks\n", shell->words[1]);
        return;
    }
    reader->torn = 0;
    reader->fault[0] = 0;
    bool sound = reader_each_heap(reader, say_bins, &lists);
    if (!sound || (reader->torn > 0 && !remote_target()->process)) shell_fail(shell, "damaged: %s\n", reader->fault);
    if (lists.said > 0) return;
    if (!lists.exists)
        shell_fail(shell, "no class of blocks has %lu bytes: `stats` lists those in use\n",
                   (unsigned long)lists.wanted);
    else
        shell_say(shell, "no thread has free blocks%s at hand\n", lists.wanted ? " of this size" : "");
}

/* ---- peek ---- */

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
