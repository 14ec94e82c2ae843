/* A profiler for tests. */
/* SPDX-License-Identifier: MIT */
#include "sampled.h"
#include "heap/registry.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLED_MAX = 1 << 18 };

struct sampled sampled;

static struct {
    const void *p;
    size_t size;
} table[SAMPLED_MAX];

static size_t places; /* of the table that have an address */

static size_t place(const void *p) {
    size_t at = ((uintptr_t)p >> 4) * 0x9e3779b1u % SAMPLED_MAX;
    while (table[at].p && table[at].p != p) at = (at + 1) % SAMPLED_MAX;
    return at;
}

/* A table that has had each of its places once is full: it begins anew with what is known still. */
static void make_room(void) {
    static const void *known[SAMPLED_MAX / 2];
    static size_t sizes[SAMPLED_MAX / 2];
    size_t count = 0;
    for (size_t at = 0; at < SAMPLED_MAX; at++) {
        if (table[at].size > 0) known[count] = table[at].p, sizes[count++] = table[at].size;
        table[at].p = NULL;
        table[at].size = 0;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = place(known[i]);
        table[at].p = known[i];
        table[at].size = sizes[i];
    }
    places = count;
}

static bool taken(void *p, size_t size) {
    size_t at = place(p);
    if (table[at].p == p && table[at].size > 0) fputs("told of a block twice\n", stderr), abort();
    if (sampled.taken - sampled.freed >= SAMPLED_MAX / 4) return false;
    if (places >= SAMPLED_MAX / 2) make_room(), at = place(p);
    places += table[at].p != p;
    table[at].p = p;
    table[at].size = size;
    sampled.taken++;
    sampled.taken_bytes += size;
    double weight = sampled.rate == 1 ? 1 : -1 / expm1(-(double)size / (double)sampled.rate);
    sampled.objects += weight;
    sampled.bytes += weight * (double)size;
    return true;
}

/* The address keeps its place, with size 0: so nothing behind it is lost. */
static bool freed(const void *p) {
    size_t at = place(p);
    if (table[at].p != p || table[at].size == 0) return false;
    sampled.freed++;
    sampled.freed_bytes += table[at].size;
    table[at].size = 0;
    return true;
}

size_t sampled_size(const void *p) {
    size_t at = place(p);
    return table[at].p == p ? table[at].size : 0;
}

static enum sample_known known(const void *p) {
    const struct unit *slab = span_unit(p);
    if (sampled_size(p) > 0) return SAMPLE_THIS;
    for (uint32_t i = 0; i < slab->carved_blocks; i++)
        if (sampled_size(slab->memory + (size_t)i * slab->block_bytes) > 0) return SAMPLE_OTHERS;
    return SAMPLE_NONE;
}

void sampled_begin(uint64_t rate, uint64_t seed) {
    static const struct sample_hooks hooks = {taken, freed, known, NULL, NULL};
    heap_enter();
    sampled = (struct sampled){.rate = rate};
    sample_hooks = &hooks;
    if (!sample_begin(heap_self, rate, seed)) fputs("this build cannot sample\n", stderr), abort();
}

void sampled_end(void) {
    sample_end(heap_self);
}
