/* The remote explorer's block: what lies at an address, beside what, and who asked for it. */
/* SPDX-License-Identifier: MIT */
#include "remote_parts.h"
#include "report_pins.h"
#include "sites.h"

enum { LINE_BYTES = 1024 };

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
