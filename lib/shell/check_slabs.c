/* What is wrong with slabs and their lists of free blocks, in words. */
/* SPDX-License-Identifier: MIT */
#include "inspect/slab_map.h"
#include "shell/parts.h"

/* A slab under examination: the blocks met so far, in all of its lists. */
struct look {
    struct shell *shell;
    const struct extent_walk *extent;
    const struct unit *slab;
    const char *memory;
    uint64_t met[UNIT_BYTES / BLOCK_ALIGN_BYTES / 64];
    uint32_t found;
};

static void begin_finding(struct look *look) {
    look->found++;
    shell_fail(look->shell, "slab %p of blocks of %u bytes: ", (void *)(uintptr_t)look->memory,
               look->slab->block_bytes);
}

/* ---- the line ---- */

static bool expect(struct look *look, const void *place, const char *what, uint64_t is, uint64_t wanted) {
    if (is == wanted) return true;
    begin_finding(look);
    shell_fail(look->shell, "%s at %p should be %lu, and is %lu\n", what, (void *)(uintptr_t)place,
               (unsigned long)wanted, (unsigned long)is);
    return false;
}

/* The class that two of the three fields that follow from it agree about; 0: none. */
static uint32_t class_of_most(const struct unit *slab) {
    for (uint32_t class = 1; class < CLASS_COUNT; ++class) {
        const struct class_shape *shape = &class_shapes[class];
        if ((slab->class == class) + (slab->block_bytes == shape->block_bytes) + (slab->recip == shape->recip) >= 2)
            return class;
    }
    return 0;
}

static bool shape_is_right(struct look *look) {
    const struct unit *slab = look->slab;
    uint32_t class = class_of_most(slab);
    if (class == 0) {
        begin_finding(look);
        shell_fail(look->shell, "class %u, size of blocks and reciprocal 0x%x in %p do not belong together\n",
                   slab->class, slab->recip, (void *)(uintptr_t)slab);
        return false;
    }
    const struct class_shape *shape = &class_shapes[class];
    bool right = expect(look, &slab->class, "its class", slab->class, class);
    right &= expect(look, &slab->block_bytes, "its size of blocks", slab->block_bytes, shape->block_bytes);
    right &= expect(look, &slab->recip, "its reciprocal", slab->recip, shape->recip);
    if (!right) return false;
    if (slab->carved_blocks > shape->capacity_blocks)
        return expect(look, &slab->carved_blocks, "its number of carved blocks", slab->carved_blocks,
                      slab->start_limit / class_start_step(shape));
    bool slow = slab_purged_pages(slab) || slab->flags & UNIT_SAMPLED;
    uint32_t starts = slow ? 0 : slab->carved_blocks * class_start_step(shape);
    right = expect(look, &slab->resident_blocks, "its number of carved blocks outside of purged pages",
                   slab->resident_blocks, slab_blocks_kept(slab));
    return expect(look, &slab->start_limit, "its bound for the start of blocks", slab->start_limit, starts) && right;
}

/* ---- the lists ---- */

static bool is_block(const struct look *look, const struct block *block) {
    return ((uintptr_t)block ^ (uintptr_t)look->memory) >> UNIT_SHIFT == 0 && slab_is_block(look->slab, block);
}

static const char *link_text(const struct block *block, struct shell_address *address) {
    return block == BLOCK_END ? "the end of the list" : address->text;
}

/* Report a free block whose link and key do not match, and which of the two was written to, if the
 * other one tells. */
static void say_key(struct look *look, const char *list, const struct block *block) {
    const struct block *told = block_told(block, heap_secret());
    struct shell_address is = shell_address(look->shell, (uintptr_t)block->next);
    struct shell_address by_key = shell_address(look->shell, (uintptr_t)told);
    begin_finding(look);
    struct shell_label label = shell_label(look->shell, block);
    shell_fail(look->shell, "the free block %p%s%s in %s was written to: ", (void *)(uintptr_t)block,
               label.text[0] ? " " : "", label.text, list);
    if (told == BLOCK_END || is_block(look, told))
        shell_fail(look->shell, "its link should be %s, by its key, and is %s\n", link_text(told, &by_key),
                   link_text(block->next, &is));
    else if (block->next == BLOCK_END || is_block(look, block->next))
        shell_fail(look->shell, "its key at %p should be 0x%lx, and is 0x%lx\n", (void *)(uintptr_t)&block->key,
                   (unsigned long)block_key(block, block->next, heap_secret()), (unsigned long)block->key);
    else
        shell_fail(look->shell, "neither its link %s nor its key 0x%lx is right\n", is.text, (unsigned long)block->key);
}

static bool meet(struct look *look, const char *list, const struct block *block) {
    uint32_t index = (uint32_t)((uintptr_t)block & (UNIT_BYTES - 1)) / look->slab->block_bytes;
    uint64_t bit = UINT64_C(1) << index % 64;
    if (!(look->met[index / 64] & bit)) {
        look->met[index / 64] |= bit;
        return true;
    }
    begin_finding(look);
    shell_fail(look->shell, "the free block %p in %s was met before: it is in two lists, or a list has a loop\n",
               (void *)(uintptr_t)block, list);
    return false;
}

/* Check a list, or the blocks in the bin of `heap` that are not adopted, to its end or for `most` blocks; returns how
 * many are sound. It is followed only from blocks whose keys are right. */
static uint32_t check_list(struct look *look, const char *list, const void *place, const struct block *block,
                           uint32_t most, const struct heap *heap) {
    uint32_t length = 0;
    block = inspect_own(heap, look->slab->class, block);
    if (block != BLOCK_END && most > 0 && !is_block(look, block)) {
        begin_finding(look);
        shell_fail(look->shell, "%s, at %p, should begin with a block or be empty, and begins with %p\n", list,
                   (void *)(uintptr_t)place, (void *)(uintptr_t)block);
        return 0;
    }
    for (const struct block *next; block != BLOCK_END && length < most; block = next, length++) {
        if (!meet(look, list, block)) break;
        next = inspect_own(heap, look->slab->class, block->next);
        bool last = next == BLOCK_END || length + 1 == most;
        if (!block_is_free(block, heap_secret()) || (!last && !is_block(look, next))) {
            say_key(look, list, block);
            break;
        }
    }
    return length;
}

static void check_remote(struct look *look) {
    uint32_t word = load_acquire(look->slab->remote), count = remote_count(word);
    const struct block *first = (const struct block *)(look->memory + (word & REMOTE_OFFSET_MASK));
    uint32_t length = check_list(look, "its remote list", &look->slab->remote, first, count, NULL);
    if (look->found == 0) expect(look, &look->slab->remote, "the number of remote blocks", count, length);
}

static void check_bins(struct look *look) {
    uint32_t class = look->slab->class;
    for (const struct heap *heap = load_acquire(heaps.all); heap; heap = heap->next_all) {
        if (!heap_is_readable(heap)) continue;
        const struct block *adopted[ADOPTED_MAX];
        for (uint32_t count = inspect_adopted(adopted, heap, class), i = 0; i < count; i++) {
            if (is_block(look, adopted[i])) meet(look, "a bin", adopted[i]);
        }
        if (heap->classes[class].current == look->slab)
            check_list(look, "the bin", &heap->bin[class], heap->bin[class], UINT32_MAX, heap);
    }
}

uint32_t shell_check_slabs(struct shell *shell) {
    uint32_t found = 0;
    struct extent_walk walk = {0};
    while (extent_walk_next(&walk)) {
        if (walk.line->kind != UNIT_SLAB || (walk.line->owner && walk.line->owner->state == HEAP_LEFT_BY_FORK))
            continue;
        struct look look = {.shell = shell, .extent = &walk, .slab = walk.line, .memory = shell_extent_memory(&walk)};
        if (shape_is_right(&look)) {
            uint32_t listed = check_list(&look, "its own list", &walk.line->free, walk.line->free, UINT32_MAX, NULL);
            check_remote(&look);
            check_bins(&look);
            if (look.found == 0)
                expect(&look, &walk.line->used_blocks, "its number of blocks that are out", slab_used(walk.line),
                       walk.line->resident_blocks - listed);
        }
        found += look.found;
    }
    return found;
}
