/* A mixed load on the whole malloc family that checks contents, alignment and zeroes; used to check that it still
 * works. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "expect.h"
#include <malloc.h>

enum { WORKLOAD_SLOTS = 128 };

struct workload_slot {
    unsigned char *bytes;
    size_t size;
    unsigned char tag;
};

/* Its state is about 3 KiB, to fit on the smallest stack a thread may have. */
struct workload {
    struct workload_slot slots[WORKLOAD_SLOTS];
    uint64_t random;
    size_t refused; /* refused requests, which are allowed if refusals_ok */
    int refusals_ok;
};

static inline uint64_t workload_random(struct workload *w) {
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random >> 11;
}

/* Mostly small, as in programs: 1 in 16 up to 64 KiB, 1 in 256 up to 1 MiB. */
static inline size_t workload_size(struct workload *w) {
    uint64_t kind = workload_random(w) % 256;
    size_t limit = kind == 0 ? 1u << 20 : kind < 16 ? 1u << 16 : 1u << 10;
    return (size_t)(workload_random(w) % limit);
}

/* Whole small blocks, both ends of others: enough to see an overlap, and cheap. */
static inline void workload_fill(struct workload_slot *s) {
    size_t edge = s->size < 2048 ? s->size : 1024;
    memset(s->bytes, s->tag, edge);
    memset(s->bytes + s->size - edge, s->tag, edge);
}

static inline void workload_check(const struct workload_slot *s, size_t size) {
    size_t edge = s->size < 2048 ? s->size : 1024;
    for (size_t i = 0; i < edge && i < size; i++) expect(s->bytes[i] == s->tag);
    for (size_t i = s->size - edge; i < s->size && i < size; i++) expect(s->bytes[i] == s->tag);
}

static inline void workload_give(struct workload_slot *s) {
    if (s->bytes != NULL) workload_check(s, s->size);
    free(s->bytes);
    s->bytes = NULL;
}

static inline void *workload_take_aligned(struct workload *w, size_t size) {
    size_t alignment = (size_t)8 << (workload_random(w) % 11);
    void *pointer = memalign(alignment, size);
    expect(is_aligned(pointer, alignment));
    return pointer;
}

static inline void workload_take(struct workload *w, struct workload_slot *s) {
    uint64_t kind = workload_random(w) % 8;
    workload_give(s);
    s->size = workload_size(w);
    if (kind < 5)
        s->bytes = (unsigned char *)malloc(s->size);
    else if (kind < 7)
        s->bytes = (unsigned char *)calloc(1, s->size);
    else
        s->bytes = (unsigned char *)workload_take_aligned(w, s->size);
    if (s->bytes != NULL && kind >= 5 && kind < 7) expect(is_zero(s->bytes, s->size));
}

static inline void workload_resize(struct workload *w, struct workload_slot *s) {
    size_t size = workload_size(w) + 1;
    unsigned char *moved = (unsigned char *)realloc(s->bytes, size);
    if (moved == NULL) {
        w->refused++;
        return;
    }
    s->bytes = moved;
    workload_check(s, size);
    s->size = size;
}

static inline void workload_run(struct workload *w, unsigned steps) {
    for (unsigned i = 0; i < steps; i++) {
        struct workload_slot *s = &w->slots[workload_random(w) % WORKLOAD_SLOTS];
        if (s->bytes != NULL && i % 8 == 0)
            workload_resize(w, s);
        else
            workload_take(w, s);
        w->refused += s->bytes == NULL;
        expect(w->refused == 0 || w->refusals_ok);
        expect(is_aligned(s->bytes, 8));
        s->tag = (unsigned char)(workload_random(w) | 1);
        if (s->bytes != NULL) workload_fill(s);
    }
}

static inline void workload_end(struct workload *w) {
    for (unsigned i = 0; i < WORKLOAD_SLOTS; i++) workload_give(&w->slots[i]);
}

/* The complete load, with default settings. */
static inline void workload(uint64_t seed, unsigned steps) {
    struct workload w;
    memset(&w, 0, sizeof w);
    w.random = seed * 0x9e3779b97f4a7c15u + 1;
    workload_run(&w, steps);
    workload_end(&w);
}
