/* The shell's sums: status, stats; giving back, and the origin of addresses. */
/* SPDX-License-Identifier: MIT */
#include "heap/flush.h"
#include "heap/tick.h"
#include "heap/trim.h"
#include "inspect/stats.h"
#include "shell/parts.h"

/* ---- status ---- */

static const char *state_now(const struct shell_block *block, const struct shell_found *found) {
    if (!block->live) return "free";
    if (found->kind == SHELL_DAMAGED) return "damaged";
    return found->start == block->memory && found->state == WALK_USED ? "used" : "lost";
}

void shell_status(struct shell *shell) {
    size_t count = 0, asked = 0, given = 0;
    for (uint32_t number = 1; number <= shell->last_number; number++) {
        const struct shell_block *block = NULL;
        for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++)
            if (shell->blocks[i].number == number && shell->blocks[i].memory) block = &shell->blocks[i];
        if (!block) continue;
        struct shell_found found = shell_find((uintptr_t)block->memory);
        shell_say(shell, "%4u  %-10p %8zu  %-4s", number, (void *)block->memory, block->asked_bytes,
                  state_now(block, &found));
        shell_say(shell, block->name[0] ? "  %s\n" : "%s\n", block->name);
        if (!block->live) continue;
        count++;
        asked += block->asked_bytes;
        given += found.bytes;
    }
    shell_count(shell, count, "block");
    shell_say(shell, " in use, %zu bytes asked for, %zu given\n", asked, given);
}

/* ---- stats ---- */

static void say_sum(struct shell *shell, const char *name, size_t bytes) {
    shell_say(shell, "  %-34s %12zu\n", name, bytes);
}

void shell_stats(struct shell *shell) {
    struct heapalloc_stats stats;
    struct stats_blocks blocks;
    if (!stats_read(&stats)) {
        shell_fail(shell, "the heap is busy\n");
        return;
    }
    stats_count_blocks(&blocks);
    say_sum(shell, "handed out to slabs and blocks", stats.used_bytes);
    say_sum(shell, "+ free, with memory behind it", stats.free_dirty_bytes);
    say_sum(shell, "+ free, clean", stats.free_clean_bytes);
    say_sum(shell, "+ tables", stats.table_bytes);
    say_sum(shell, "= mapped", stats.mapped_bytes);
    say_sum(shell, "live, with what bins hold", blocks.live_bytes);
    say_sum(shell, "slabs", blocks.slabs);
    say_sum(shell, "heaps", stats.heap_count);
}

/* ---- giving back ---- */

struct trimmed {
    bool some;
};

static void step_flush(void *context) {
    (void)context;
    heap_flush_bins(heap_self);
    heap_flush(heap_self);
}

static void step_trim(void *context) {
    ((struct trimmed *)context)->some = heap_trim(heap_self);
}

static bool sums_attempt(struct shell *shell, void (*step)(void *), void *context) {
    if (heap_self->state != HEAP_LIVE) return true; /* nothing was ever allocated */
    const char *sentence = shell->platform->attempt(step, context);
    if (sentence) shell_say_stop(shell, sentence);
    return !sentence;
}

void shell_flush(struct shell *shell) {
    if (sums_attempt(shell, step_flush, NULL)) shell_say(shell, "nothing is kept any more\n");
}

void shell_trim(struct shell *shell) {
    struct trimmed trimmed = {false};
    if (sums_attempt(shell, step_trim, &trimmed))
        shell_say(shell, trimmed.some ? "memory went back to the system\n" : "there was nothing to give back\n");
}

void shell_origin(struct shell *shell) {
    if (shell->word_count > 1) {
        if (!shell_place(shell, shell->words[1], &shell->origin)) return;
        shell->has_origin = true;
    }
    if (shell->origin == 0)
        shell_say(shell, "addresses count from 0\n");
    else
        shell_say(shell, "addresses count from 0x%lx\n", (unsigned long)shell->origin);
}
