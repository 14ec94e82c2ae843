/* Sampling: which allocations and frees of a heap are reported to a profiler. */
/* SPDX-License-Identifier: MIT */
#include "heap/sample.h"

const struct sample_hooks *sample_hooks;

enum { LOG_BITS = 24, DRAW_BITS = 32, NEAR_BITS = 20 };

/* In a sampled heap used_blocks is a count, which must not look like RETURNS_FRESH to calloc's fast path (heap/fast.h):
 * slabs of the sizes for which that asks have fewer blocks. */
_Static_assert(UNIT_BYTES / 80 < RETURNS_FRESH, "no count of used blocks says `fresh`");

/* xorshift64*, Vigna 2016. */
static uint32_t sample_random(struct sample *sample) {
    uint64_t x = sample->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    sample->random = x;
    return (uint32_t)(x * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* -log2(u / 2^32) for 0 < u, with LOG_BITS bits behind the point; each squaring yields one bit. */
static uint64_t log_of(uint32_t u) {
    unsigned high = bit_high(u);
    uint64_t log = (uint64_t)high << LOG_BITS, x = (uint64_t)u << (31 - high); /* 2^31..2^32 */
    for (unsigned bit = LOG_BITS; bit-- > 0;) {
        x = x * x >> 31;
        if (x >> 32) x >>= 1, log |= UINT64_C(1) << bit;
    }
    return ((uint64_t)32 << LOG_BITS) - log;
}

/* -ln(1 - v / 2^32) with DRAW_BITS bits behind the point, ln 2 being 45426 / 2^16. For a small v by the first two terms
 * of its series: log_of() has too few bits for results that are compared with a small size. */
static uint64_t exponential(uint32_t v) {
    if (v >> NEAR_BITS == 0) return v + ((uint64_t)v * v >> (DRAW_BITS + 1));
    return (log_of(-v) * 45426 >> 16) << (DRAW_BITS - LOG_BITS);
}

uint64_t sample_draw(struct sample *sample) {
    if (sample->rate == 1) return 0;
    return exponential(sample_random(sample)) * sample->rate >> DRAW_BITS;
}

/* Cut the list behind `count` blocks; returns the rest. */
static struct block *cut(struct block *list, uint32_t count, uintptr_t secret) {
    debug_check(count > 0);
    struct block *last = list;
    while (block_is_free(last, secret) && --count > 0) last = last->next;
    if (count > 0) check_corrupted_list("malloc", last);
    struct block *rest = last->next;
    block_link(last, BLOCK_END, secret);
    return rest;
}

void sample_returned(struct heap *heap, struct unit *slab) {
    struct size_class *of = &heap->classes[slab->class];
    debug_check(of->attached == slab && heap->sample.rate > 0);
    if (!(slab->flags & UNIT_ATTACHED)) return;
    slab->used_blocks = sample_count_returns(of, slab, heap->returns);
    if (slab->used_blocks > 0) return;
    heap_detach_slab(heap, slab->class);
    of->attached = slab; /* without the flag */
}

/* In the bounded build every event counts as near: its calls have no instruction to spare for what is never asked. */
void sample_fill(struct heap *heap, uint32_t class, struct unit *slab, struct block *list) {
    struct size_class *of = &heap->classes[class];
    debug_check(of->current == slab && !of->attached && heap->bin[class] == BLOCK_END && list != BLOCK_END);
    uint32_t have = (uint32_t)(slab->resident_blocks - slab->used_blocks), count = have;
    if (!config_bounded && likely(sample_is_far(of, slab, have))) return sample_fill_far(heap, class, slab, list, have);
    uint64_t until = of->sample_left / slab->block_bytes;
    if (until < have) count = until > 0 ? (uint32_t)until : 1;
    if (until > 0)
        of->sample_left -= (uint64_t)count * slab->block_bytes;
    else
        heap->sample.hit = list;
    slab->free = count < have ? cut(list, count, heap->secret) : BLOCK_END;
    slab->used_blocks = (uint16_t)(slab->used_blocks + count);
    of->adopt_budget = 0;
    of->attached = slab;
    heap->bin[class] = list;
}

void sample_report(struct unit *unit, void *p, size_t size) {
    debug_check(span_unit(p) == unit);
    const struct sample_hooks *hooks = load_acquire(sample_hooks);
    if (!hooks || !hooks->taken(p, size)) return;
    if (unit->kind == UNIT_SLAB) {
        if (load_relaxed(unit->owner) == heap_self)
            slab_sample(unit);
        else if (!(load_relaxed(unit->flags) & UNIT_SAMPLED)) /* resized where another heap has ended sampling */
            hooks->freed(p);
    } else if (unit->kind == UNIT_MEDIUM) {
        struct granule *slot = span_slot(span_of(p), p);
        store_relaxed(slot->head, slot->head | GRANULE_SAMPLED);
    } else {
        unit->flags |= UNIT_SAMPLED;
    }
}

/* Count the block, and return its unit when an event lies in the first `most` bytes of the request; else NULL. A small
 * block was counted by its class when it went into the bin; medium and large ones are counted here. */
static struct unit *sample_count(struct heap *heap, void *p, size_t size, size_t most) {
    struct sample *sample = &heap->sample;
    debug_check(sample->rate > 0 && size > 0);
    heap->hits_left = 1;
    if (p != sample->hit && size <= CLASS_BYTES_MAX && sample->rate > 1) return NULL; /* nearly always */
    struct unit *unit = p ? span_unit(p) : NULL;
    if (!unit || sample->holds) return NULL;
    uint64_t offset = sample->wide_left;
    if (unit->kind != UNIT_SLAB) {
        if (offset >= size) {
            sample->wide_left -= size;
            return NULL;
        }
        sample->wide_left = sample_draw(sample);
    } else {
        if (p != sample->hit) return NULL;
        sample->hit = NULL;
        uint64_t *left = &heap->classes[unit->class].sample_left;
        offset = *left;
        *left = sample_draw(sample);
    }
    return offset < min_size(size, most) && !sample->at_work ? unit : NULL;
}

void sample_taken(struct heap *heap, void *p, size_t size) {
    size += size == 0;
    struct unit *unit = sample_count(heap, p, size, SIZE_MAX);
    if (unit) sample_report(unit, p, size);
}

void *sample_served(struct heap *heap, void *p, size_t size) {
    const struct sample_hooks *hooks = load_acquire(sample_hooks);
    bool serves = hooks && hooks->serve;
    size += size == 0;
    struct unit *unit = sample_count(heap, p, size, serves ? SERVED_BYTES : SIZE_MAX);
    if (!unit) return p;
    if (serves) return hooks->serve(p, size);
    if (unit->kind == UNIT_SLAB && hooks && hooks->apart) p = hooks->apart(p, size);
    sample_report(span_unit(p), p, size);
    return p;
}

STARTUP_TEXT bool sample_freed(const void *p) {
    const struct sample_hooks *hooks = load_acquire(sample_hooks);
    return hooks && hooks->freed(p);
}

bool sample_is_marked(const struct unit *unit, const void *p) {
    debug_check(span_unit(p) == unit);
    if (unit->kind == UNIT_SLAB) return load_relaxed(unit->start_limit) == 0;
    if (unit->kind == UNIT_MEDIUM) return load_relaxed(span_slot(span_of(p), p)->head) & GRANULE_SAMPLED;
    return unit->flags & UNIT_SAMPLED;
}

bool sample_forget(struct unit *unit, const void *p) {
    debug_check(span_unit(p) == unit);
    if (!sample_is_marked(unit, p) || !sample_freed(p)) return false;
    if (unit->kind == UNIT_MEDIUM) {
        struct granule *slot = span_slot(span_of(p), p);
        store_relaxed(slot->head, slot->head & ~(uint32_t)GRANULE_SAMPLED);
    } else if (unit->kind == UNIT_LARGE) {
        unit->flags &= (uint8_t)~UNIT_SAMPLED;
    }
    return true;
}

void sample_resized(struct heap *heap, void *p, size_t size, enum sample_before before) {
    if (!heap->sample.rate) return;
    struct unit *unit = span_unit(p);
    if (unit->kind != UNIT_SLAB || before == SAMPLE_MOVED)
        sample_taken(heap, p, size);
    else if (before == SAMPLE_KNOWN)
        sample_report(unit, p, size);
}

void sample_freed_own(const void *p, struct unit *slab, const struct heap *heap) {
    debug_check(slab->owner == heap && slab->flags & UNIT_SAMPLED);
    const struct sample_hooks *hooks = load_acquire(sample_hooks);
    sample_freed(p);
    if (heap->sample.rate == 1) return; /* the slab would soon have another */
    if (!hooks || hooks->known(p) == SAMPLE_NONE) slab_sample_end(slab);
}

bool sample_ticks(struct heap *heap) {
    debug_check(heap->sample.rate > 0 && heap->slow_left <= 1);
    heap->sample.pace -= 1 - heap->slow_left;
    heap->slow_left = 1;
    return heap->sample.pace <= 0;
}

void sample_ticked(struct heap *heap) {
    if (heap->sample.rate == 0) return;
    heap->sample.pace = heap->slow_left;
    heap->slow_left = heap->hits_left = 1;
}
