/* The shell's check: whether the heap is sound, and if not, what is wrong, where, and what should be there. */
/* SPDX-License-Identifier: MIT */
#include "inspect/verify.h"
#include "shell/parts.h"

/* The verifier's equations in words, for damage that the checks before it do not describe. */
static const struct {
    const char *name, *words;
} equations[] = {
    {"extents", "every unit below the top lies in just one extent, whose lines agree"},
    {"tlsf_maps", "the maps and lists of an index hold just the free extents and blocks there are"},
    {"free_extents", "a free extent's last line tells where it begins, and it is in its index"},
    {"coalesced", "free extents of one state never touch"},
    {"unit_sum", "used, dirty, clean and unmapped units add up to those of the extents"},
    {"unmapped", "the extents that are unmapped, and those that were moved, are as many as are counted"},
    {"ages", "the list by age holds just the extents that say so, both ways"},
    {"medium_blocks", "medium blocks tile their units, and their inner slots are empty"},
    {"medium_before", "every medium block's right neighbour knows its length"},
    {"medium_sum", "the counts of free granules and blocks are those of the free blocks"},
    {"medium_coalesced", "free medium blocks never touch"},
    {"slab_counts", "a slab's used and listed blocks are those that were cut, each in one list"},
    {"abandoned", "the abandoned lists hold just the slabs that say so"},
    {"partial", "a heap's waiting slabs are its own, and each has something to offer"},
    {"empty", "a heap's empty slabs are empty, and as many as it counts"},
    {"slab_owners", "every slab is in its owner's hands, in the abandoned list, or full"},
    {"bins", "a bin holds blocks of its class's current slab, and of no other"},
    {"cache", "the medium cache holds as many granules as it counts, each block once"},
    {"parked", "a parked heap has no blocks and no slabs"},
};

enum { EQUATION_COUNT = sizeof(equations) / sizeof(equations[0]) };

static const char *words_of(const char *name) {
    for (uint32_t i = 0; i < EQUATION_COUNT; i++) {
        if (shell_same(equations[i].name, name)) return equations[i].words;
    }
    return "see lib/inspect/verify_parts.h";
}

static void step_verify(void *context) {
    *(const char **)context = verify_heap();
}

static void verify(struct shell *shell) {
    const char *broken = NULL, *sentence = shell->platform->attempt(step_verify, &broken);
    if (sentence)
        shell_say_stop(shell, sentence);
    else if (broken)
        shell_fail(shell, "the equation `%s` does not hold: %s\n", broken, words_of(broken));
    else
        shell_say(shell, "the heap is whole: %u equations hold\n", EQUATION_COUNT);
}

void shell_check(struct shell *shell) {
    uint32_t found = shell_check_units(shell);
    if (found == 0) found = shell_check_medium(shell);
    if (found == 0) found = shell_check_slabs(shell);
    if (found > 0) {
        shell_say(shell, "the heap is damaged: ");
        shell_count(shell, found, "finding");
        shell_say(shell, "\n");
    } else {
        verify(shell);
    }
}
