/* What is wrong with unit lines, in words. */
/* SPDX-License-Identifier: MIT */
#include "heap/bin.h"
#include "heap/heap.h"
#include "shell/parts.h"
#include "span/units.h"

static const char *kind_name(uint8_t kind) {
    static const char *const names[] = {"inside of an extent",
                                        "free",
                                        "end of a free extent",
                                        "slab",
                                        "medium",
                                        "large block",
                                        "leaving",
                                        "the allocator's own",
                                        "pool",
                                        "arena",
                                        "edge"};
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "nothing known";
}

static bool is_head(uint8_t kind) {
    return kind != UNIT_INSIDE && kind != UNIT_FREE_LAST && kind < UNIT_EDGE;
}

/* How many units follow that are no heads: what a free extent's count should be. */
static uint32_t units_to_next_head(const struct extent_walk *walk) {
    uint32_t most = walk->span->top_units - (uint32_t)(walk->line - walk->span->lines), units = 1;
    while (units < most && !is_head(walk->line[units].kind)) units++;
    return units;
}

static uint32_t check_length(struct shell *shell, const struct extent_walk *walk) {
    if (!walk->broken && walk->units == 0) return 0;
    uint32_t units = units_to_next_head(walk);
    bool counts = walk->line->kind != UNIT_SLAB && walk->line->kind != UNIT_MEDIUM && walk->line->kind != UNIT_POOL;
    if (!counts || walk->line->count == units) return 0;
    shell_fail(shell, "%p (%s): its count of units should be %u, by where the next extent begins, and is %u\n",
               (void *)&walk->line->count, kind_name(walk->line->kind), units, walk->line->count);
    return 1;
}

/* Check the fields of the head's line. */
static uint32_t check_head(struct shell *shell, const struct extent_walk *walk) {
    const struct unit *line = walk->line;
    const char *memory = shell_extent_memory(walk);
    uint32_t found = 0;
    if (line->kind != UNIT_MEDIUM && line->memory != memory) {
        shell_fail(shell, "%p (%s): the address of its memory should be %p, and is %p\n", (void *)&line->memory,
                   kind_name(line->kind), (void *)memory, (void *)line->memory);
        found++;
    }
    if (line->kind != UNIT_SLAB && line->block_bytes != 0) {
        shell_fail(shell, "%p (%s): it is no slab, its size of blocks should be 0, and is %u\n",
                   (void *)&line->block_bytes, kind_name(line->kind), line->block_bytes);
        found++;
    }
    bool may_have = line->kind == UNIT_POOL || line->kind == UNIT_ARENA;
    if (line->kind == UNIT_SLAB ? !shell_owner_is_known(line) : !may_have && line->owner != NULL) {
        shell_fail(shell, "%p (%s): its owner should be %s, and is 0x%lx\n", (void *)&line->owner,
                   kind_name(line->kind), line->kind == UNIT_SLAB ? "a heap or nobody" : "nobody",
                   (unsigned long)(uintptr_t)line->owner);
        found++;
    }
    return found;
}

/* Check that a line's link leads to a line, because later checks follow it. */
static uint32_t check_link(struct shell *shell, const struct unit *line, const void *place, const struct unit *to,
                           uint8_t kind, const char *name) {
    if (!to) return 0;
    const struct unit *unit = shell_unit_of((const struct tlsf_node *)((uintptr_t)to + offsetof(struct unit, node)));
    if (unit && unit->kind == kind) return 0;
    shell_fail(shell, "%p (%s): its link to the %s should be 0 or the line of another such, and is %p\n",
               (void *)(uintptr_t)place, kind_name(line->kind), name, (void *)(uintptr_t)to);
    return 1;
}

static const struct unit *unit_of(const struct tlsf_node *node) {
    return node ? (const struct unit *)((uintptr_t)node - offsetof(struct unit, node)) : NULL;
}

static uint32_t check_links(struct shell *shell, const struct unit *line) {
    uint32_t found = 0;
    if (line->kind == UNIT_FREE) {
        found += check_link(shell, line, &line->node.next, unit_of(line->node.next), UNIT_FREE, "next of its size");
        const struct tlsf_node *before = tlsf_before(line->flags & UNIT_UNMAPPED ? &units.unmapped
                                                     : line->flags & UNIT_CLEAN  ? &units.clean
                                                                                 : &units.dirty,
                                                     &line->node);
        found += check_link(shell, line, &line->node.prev, unit_of(before), UNIT_FREE, "previous of its size");
        if (!(line->flags & UNIT_AGED)) return found;
        found += check_link(shell, line, &line->older, line->older, UNIT_FREE, "next older");
        found += check_link(shell, line, &line->newer, line->newer, UNIT_FREE, "next newer");
    } else if (line->kind == UNIT_SLAB && line->flags & UNIT_ATTACHED) {
        const char *bin = heap_bin_of(line->class, line->owner);
        if (line->bin == bin) return 0;
        shell_fail(shell, "%p (slab): its bin should be its heap's, %p, and is %p\n", (void *)&line->bin,
                   (void *)(uintptr_t)bin, (void *)line->bin);
        return 1;
    } else if (line->kind == UNIT_SLAB && line->remote != 0) {
        found += check_link(shell, line, &line->next, line->next, UNIT_SLAB, "next slab");
        found += check_link(shell, line, &line->prev, line->prev, UNIT_SLAB, "previous slab");
    }
    return found;
}

/* Check the lines after the head. */
static uint32_t check_inside(struct shell *shell, const struct extent_walk *walk) {
    uint8_t kind = walk->line->kind;
    for (uint32_t i = 1; i < walk->units; i++) {
        const struct unit *line = walk->line + i;
        bool last = kind == UNIT_FREE && i == walk->units - 1;
        uint8_t wanted = last ? UNIT_FREE_LAST : kind == UNIT_MEDIUM ? UNIT_MEDIUM : UNIT_INSIDE;
        if (line->kind != wanted) {
            shell_fail(shell, "%p: its kind should be %u (%s), and is %u (%s)\n", (void *)&line->kind, wanted,
                       kind_name(wanted), line->kind, kind_name(line->kind));
            return 1;
        }
        if (last && line->count != walk->units) {
            shell_fail(shell, "%p: the last line of a free extent should say %u units, and says %u\n",
                       (void *)&line->count, walk->units, line->count);
            return 1;
        }
    }
    return 0;
}

uint32_t shell_check_units(struct shell *shell) {
    uint32_t found = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (!is_head(walk.line->kind)) {
            shell_fail(shell, "%p: an extent should begin here, but its kind is %u (%s)\n", (void *)&walk.line->kind,
                       walk.line->kind, kind_name(walk.line->kind));
            return found + 1;
        }
        if (check_length(shell, &walk) > 0) return found + 1; /* nothing behind it can be trusted */
        found += check_head(shell, &walk) + check_links(shell, walk.line) + check_inside(shell, &walk);
    }
    return walk.broken ? found + check_length(shell, &walk) : found;
}
