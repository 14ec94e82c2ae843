/* The shell's block: what lies at an address, and beside it. */
/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "shell/parts.h"

struct neighbours {
    const char *start;
    struct shell_found left, right;
};

static void find_neighbours(const struct shell_found *part, void *context) {
    struct neighbours *pair = context;
    if (part->start + part->bytes == pair->start) pair->left = *part;
    if (part->start > pair->start && !pair->right.start) pair->right = *part;
}

static void say_neighbour(struct shell *shell, const char *side, const struct shell_found *part) {
    if (!part->start) {
        shell_say(shell, "  %-5s the extent's border\n", side);
        return;
    }
    shell_say(shell, "  %-5s %p, %zu bytes, %s", side, (void *)part->start, part->bytes, shell_state_name(part));
    struct shell_label label = shell_label(shell, part->start);
    shell_say(shell, label.text[0] ? ", %s\n" : "%s\n", label.text);
}

static void say_slab(struct shell *shell, const struct shell_found *found) {
    const struct unit *slab = found->extent.line;
    shell_say(shell, "  slab  %p, class %u, %u of %u blocks cut so far, %u in its list; described by %p\n",
              (void *)shell_extent_memory(&found->extent), slab->class, slab->carved_blocks,
              class_shapes[slab->class].capacity_blocks, slab->resident_blocks - slab_used(slab), (void *)slab);
    if (found->state != WALK_FREE) return;
    const struct block *block = (const struct block *)found->start;
    shell_say(shell, "  link  %s\n",
              block->next == BLOCK_END ? "end of the list" : shell_address(shell, (uintptr_t)block->next).text);
}

static void say_medium(struct shell *shell, const struct shell_found *found) {
    shell_say(shell, "  slot  %p says %u granules, and %u to the left\n", (void *)found->slot,
              granule_count(found->slot), found->slot->before);
}

void shell_show_block(struct shell *shell) {
    uintptr_t address;
    if (!shell_place(shell, shell->words[1], &address)) return;
    struct shell_found found = shell_find(address);
    if (found.kind == SHELL_FOREIGN || found.kind == SHELL_UNTOUCHED || found.kind == SHELL_DAMAGED) {
        shell_fail(shell, "%p %s\n", (void *)address,
                   found.kind == SHELL_FOREIGN     ? "is not the heap's"
                   : found.kind == SHELL_UNTOUCHED ? "was never handed out so far"
                                                   : "is described by damaged tables; `check` tells more");
        return;
    }
    struct neighbours pair = {.start = found.start};
    shell_parts(&found.extent, find_neighbours, &pair);
    if ((char *)address != found.start) shell_say(shell, "%p lies in\n", (void *)address);
    struct shell_label label = shell_label(shell, found.start);
    shell_say(shell, "%p: %zu bytes, %s%s%s", (void *)found.start, found.bytes, shell_state_name(&found),
              found.where[0] ? ", " : "", found.where);
    shell_say(shell, label.text[0] ? ", block %s\n" : "%s\n", label.text);
    if (found.kind == SHELL_BLOCK || found.kind == SHELL_UNCARVED)
        say_slab(shell, &found);
    else if (found.kind == SHELL_MEDIUM)
        say_medium(shell, &found);
    else
        shell_say(shell, "  extent of %u units, %s; described by %p\n", found.extent.units,
                  shell_extent_name(&found.extent), (void *)found.extent.line);
    say_neighbour(shell, "left", &pair.left);
    say_neighbour(shell, "right", &pair.right);
}
