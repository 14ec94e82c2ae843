/* The ownership word of a slab. */
/* SPDX-License-Identifier: MIT */
#include "slab/owner.h"
#include "base/check.h"
#include "slab/pages.h"

INLINE struct block *remote_first(const struct unit *slab, uint32_t word) {
    return (struct block *)(slab->memory + (word & REMOTE_OFFSET_MASK));
}

STARTUP_TEXT enum owner_push owner_push(struct unit *slab, struct block *block, uintptr_t secret,
                                        enum owner_claim claim) {
    debug_check(((uintptr_t)block ^ (uintptr_t)slab->memory) >> UNIT_SHIFT == 0);
    uint32_t old = load_acquire(slab->remote), new;
    bool claims;
    do {
        claims = !(old & REMOTE_OWNED) && (!(old & REMOTE_LISTED) || claim == OWNER_CLAIMS_LISTED);
        uint32_t state = claims ? REMOTE_OWNED : old & (REMOTE_OWNED | REMOTE_LISTED);
        new = (remote_link(old, block, secret) & ~(uint32_t)(REMOTE_OWNED | REMOTE_LISTED)) | state;
    } while (!cas(slab->remote, &old, new));
    if (!claims) return OWNER_PUSHED;
    return old & REMOTE_LISTED ? OWNER_CLAIMED_LISTED : OWNER_CLAIMED;
}

static void check_spliced(const struct block *block, uint32_t purged, uintptr_t secret) {
    if (config_safety && unlikely(!block_is_free(block, secret))) check_corrupted_list("malloc", block);
    if (unlikely(purged) && slab_is_purged(purged, (uintptr_t)block & (UNIT_BYTES - 1)))
        check_already_free("free", block);
}

/* How many remote blocks owner_collect_some() puts before free ones. */
enum { COLLECTED_MAX = 16 };

/* Put the remote blocks before the free ones. */
static void splice(struct unit *slab, struct block *first, uint32_t count, uintptr_t secret) {
    debug_check(count > 0 && load_relaxed(slab->remote) & REMOTE_OWNED);
    struct block *last = first;
    uint32_t purged = slab_purged_pages(slab);
    for (uint32_t i = 1; i < count; i++) {
        check_spliced(last, purged, secret);
        last = last->next;
    }
    check_spliced(last, purged, secret);
    block_link(last, slab->free, secret);
    slab->free = first;
}

STARTUP_TEXT uint32_t owner_collect(struct unit *slab, uintptr_t secret) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(slab->kind == UNIT_SLAB);
    uint32_t word = load_relaxed(slab->remote);
    if (remote_count(word) == 0) return 0;
    word = swap_value(slab->remote, REMOTE_OWNED);
    uint32_t count = remote_count(word);
    struct block *first = remote_first(slab, word);
    if (unlikely(count > slab->used_blocks)) check_already_free("free", first);
    if (likely(slab->free == BLOCK_END && slab_purged_pages(slab) == 0))
        slab->free = first;
    else
        splice(slab, first, count, secret);
    slab->used_blocks -= count;
    return count;
}

uint32_t owner_collect_alone(struct unit *slab) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(slab->free == BLOCK_END && slab_purged_pages(slab) == 0);
    if (remote_count(load_relaxed(slab->remote)) == 0) return 0;
    uint32_t word = swap_value(slab->remote, REMOTE_OWNED), count = remote_count(word);
    slab->free = remote_first(slab, word);
    if (unlikely(count > slab->used_blocks)) check_already_free("free", slab->free);
    slab->used_blocks -= count;
    return count;
}

/* The rest stays in the word; if somebody pushes another meanwhile, all of them do. */
uint32_t owner_collect_some(struct unit *slab, uintptr_t secret) {
    debug_check(slab->free != BLOCK_END && slab_purged_pages(slab) == 0);
    uint32_t word = load_acquire(slab->remote), all = remote_count(word);
    if (all == 0) return 0;
    uint32_t count = all < COLLECTED_MAX ? all : COLLECTED_MAX, rest = all - count;
    struct block *first = remote_first(slab, word), *last = first;
    for (uint32_t i = 1; i < count; i++) {
        check_spliced(last, 0, secret);
        last = last->next;
    }
    check_spliced(last, 0, secret);
    uint32_t offset = (uint32_t)(uintptr_t)last->next & REMOTE_OFFSET_MASK;
    if (unlikely(count > slab->used_blocks)) check_already_free("free", first);
    if (!cas(slab->remote, &word, rest > 0 ? rest << REMOTE_COUNT_SHIFT | offset | REMOTE_OWNED : REMOTE_OWNED))
        return 0;
    block_link(last, slab->free, secret);
    slab->free = first;
    slab->used_blocks -= count;
    return count;
}

STARTUP_TEXT bool owner_leave_listed(struct unit *slab, enum owner_leave how) {
    debug_check(load_relaxed(slab->remote) & REMOTE_OWNED);
    debug_check(slab->kind == UNIT_SLAB && !(slab->flags & (UNIT_ATTACHED | UNIT_PARTIAL)));
    struct heap *owner = slab->owner;
    store_relaxed(slab->owner, NULL);
    uint32_t seen = REMOTE_OWNED;
    do {
        if (seen != REMOTE_OWNED && how == OWNER_WITHOUT_REMOTE) {
            store_relaxed(slab->owner, owner);
            return false;
        }
    } while (!cas(slab->remote, &seen, (seen & ~(uint32_t)REMOTE_OWNED) | REMOTE_LISTED));
    return true;
}

STARTUP_TEXT void owner_reclaim(struct unit *slab) {
    debug_check((load_relaxed(slab->remote) & (REMOTE_OWNED | REMOTE_LISTED)) == REMOTE_LISTED);
    uint32_t seen = load_relaxed(slab->remote);
    while (!cas(slab->remote, &seen, (seen & ~(uint32_t)REMOTE_LISTED) | REMOTE_OWNED)) {
    }
}
