/* A block with red zones: where its words are, and what they say. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone_block.h"

struct redzone_region redzone_region;

REDZONE_TEXT struct granule *redzone_slot(const char *p) {
    const struct span *span = span_of(p);
    struct granule *slot = span_slot(span, p);
    for (int i = 0; i < REDZONE_NATURAL_MAX / GRANULE_BYTES && granule_state(slot) == GRANULE_NONE; i++)
        if (slot > span->slots) slot--;
    return slot;
}

REDZONE_TEXT bool redzone_has_head(const char *p) {
    size_t offset = (size_t)(p - redzone_region.from), room;
    if ((uintptr_t)p & (REDZONE_ALIGN_BYTES - 1)) return false;
    if (offset < redzone_region.bytes) {
        if (offset < REDZONE_HEAD_BYTES || offset >= redzone_region.used) return false;
        room = redzone_region.used - offset;
    } else {
        const struct granule *slot = redzone_slot(p);
        if (granule_state(slot) != GRANULE_USED || !(load_relaxed(slot->head) & GRANULE_SAMPLED)) return false;
        if (p < redzone_block(slot) + REDZONE_HEAD_BYTES || p >= redzone_block_end(slot)) return false;
        room = (size_t)(redzone_block_end(slot) - p);
    }
    const struct redzone_end *head = redzone_head(p);
    uint64_t bytes = load_relaxed(head->bytes);
    return bytes <= room && room - bytes >= REDZONE_FILL_BYTES + REDZONE_HEAD_BYTES &&
           load_relaxed(head->mark) == redzone_mark(redzone_hash_of(p, bytes), SALT_HEAD);
}

const char *redzone_within(const char *block) {
    for (size_t i = 0; i < sizeof redzone_places / sizeof redzone_places[0]; i++) {
        const char *p = block + redzone_places[i];
        if (redzone_slot(p) == span_slot(span_of(block), block) && redzone_has_head(p)) return p;
    }
    return NULL;
}

REDZONE_TEXT size_t redzone_bytes(const void *p) {
    return redzone_has_head(p) ? load_relaxed(redzone_head(p)->bytes) : 0;
}

REDZONE_TEXT bool redzone_is_whole(const char *p, size_t bytes) {
    uint64_t hash = redzone_hash_of(p, bytes);
    return *redzone_fill(p, bytes) == redzone_mark(hash, SALT_FILL) && redzone_has_tail(p, bytes, hash);
}

COLD bool redzone_is_freed(const char *p) {
    const struct redzone_end *head = redzone_head(p);
    return head->mark == redzone_mark(redzone_hash_of(p, head->bytes), SALT_FREED);
}

COLD bool redzone_walk_next(struct redzone_walk *walk) {
    const struct redzone_region *region = &redzone_region;
    for (size_t at = max_size(walk->next, REDZONE_HEAD_BYTES); at < region->used; at += REDZONE_ALIGN_BYTES) {
        char *p = region->from + at;
        walk->used = redzone_has_head(p);
        if (!walk->used && !redzone_is_freed(p)) continue;
        walk->memory = p;
        walk->bytes = redzone_head(p)->bytes;
        walk->next = at + redzone_whole(walk->bytes);
        return true;
    }
    return false;
}
