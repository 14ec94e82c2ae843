/* Giving back what is idle, a step at a time. */
/* SPDX-License-Identifier: MIT */
#include "heap/scavenge.h"
#include "heap/partial.h"
#include "heap/policy.h"

static void scavenge_begin(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && slab->kind == UNIT_SLAB);
    heap->scavenge.slab = slab;
    heap->scavenge.blocks_seen = 0;
    heap->scavenge.head = heap->bin[slab->class];
    heap->scavenge.used_blocks = slab->used_blocks;
}

/* True when nothing was allocated from the slab or freed into it since the first look. */
static bool scavenge_is_untouched(const struct heap *heap, const struct unit *slab) {
    debug_check(slab->owner == heap);
    if (slab->flags & UNIT_EMPTY) return slab->used_blocks == 0;
    return heap->classes[slab->class].current == slab && heap->bin[slab->class] == heap->scavenge.head &&
           slab->used_blocks == heap->scavenge.used_blocks;
}

/* Part with a slab of which every block is free; its bin, if it has one, has no other blocks. */
static void part_with(struct heap *heap, struct unit *slab) {
    debug_check(heap->scavenge.slab == slab && heap->scavenge.blocks_seen == slab->carved_blocks);
    struct size_class *of = &heap->classes[slab->class];
    if (slab->flags & UNIT_EMPTY) {
        partial_remove(heap, slab);
    } else {
        heap->bin[slab->class] = BLOCK_END;
        of->current = of->attached = NULL;
        heap->scavenge.slab = NULL;
        slab->bin = NULL;
        slab->used_blocks = 0;
        available_note(heap, slab->class);
    }
    slab_give_checked(slab);
    struct unit *next = of->partial.first;
    if (next && next->flags & UNIT_EMPTY) scavenge_begin(heap, next);
}

/* True when a slab of which `seen` blocks were looked at may be parted with. */
static bool scavenge_is_seen(const struct unit *slab, uint32_t seen) {
    return seen == slab->carved_blocks && remote_count(load_relaxed(slab->remote)) == 0;
}

/* Look at the next blocks; true: all were looked at, and the slab has no other. */
static bool scavenge_look(struct heap *heap, struct unit *slab) {
    debug_check(slab->owner == heap && scavenge_is_untouched(heap, slab));
    uint32_t from = heap->scavenge.blocks_seen, carved = slab->carved_blocks;
    uint32_t to = from + SCAVENGE_BLOCKS < carved ? from + SCAVENGE_BLOCKS : carved;
    if (config_safety && unlikely(!slab_is_free(slab, from, to, heap->secret))) {
        if (slab->flags & UNIT_EMPTY) slab_misused(slab, heap->secret);
        heap->scavenge.slab = NULL;
        return false;
    }
    heap->scavenge.blocks_seen = (uint16_t)to;
    return scavenge_is_seen(slab, to);
}

/* The slab of a class that may be idle, or NULL. Of a current one the first block tells, most of the time; without
 * safety blocks have no keys. */
static struct unit *scavenge_candidate(const struct heap *heap, uint32_t class) {
    debug_check(class > 0 && class < CLASS_COUNT);
    const struct size_class *of = &heap->classes[class];
    struct unit *slab = of->partial.first;
    if (slab && slab->flags & UNIT_EMPTY) return slab;
    slab = of->current;
    if (!config_safety || !slab || heap->sample.rate || (!of->attached && slab->used_blocks > 0)) return NULL;
    return block_is_free((struct block *)slab->memory, heap->secret) ? slab : NULL;
}

/* Choose the next slab that may be idle; NULL: the classes that had their turn have none. */
static struct unit *scavenge_choose(struct heap *heap) {
    debug_check(config_bounded && heap->state == HEAP_LIVE);
    for (int i = 0; i < SCAVENGE_CLASSES; i++) {
        uint32_t class = heap->scavenge.class = (uint8_t)(heap->scavenge.class % (CLASS_COUNT - 1) + 1);
        struct unit *slab = scavenge_candidate(heap, class);
        if (!slab) continue;
        scavenge_begin(heap, slab);
        return slab;
    }
    return NULL;
}

/* A slab that was looked at goes back in a call of its own, so that none takes as long as both. */
bool scavenge_step(struct heap *heap) {
    debug_check(config_bounded && heap->state == HEAP_LIVE);
    struct unit *slab = heap->scavenge.slab;
    if (!slab || !scavenge_is_untouched(heap, slab)) {
        slab = scavenge_choose(heap);
    } else if (scavenge_is_seen(slab, heap->scavenge.blocks_seen)) {
        part_with(heap, slab);
        return true;
    }
    if (slab) scavenge_look(heap, slab);
    return false;
}

void scavenge_empty(struct heap *heap, struct unit *slab) {
    debug_check(config_bounded && slab->flags & UNIT_EMPTY);
    if (!heap->scavenge.slab || !scavenge_is_untouched(heap, heap->scavenge.slab)) scavenge_begin(heap, slab);
    if (scavenge_look(heap, heap->scavenge.slab)) part_with(heap, heap->scavenge.slab);
}
