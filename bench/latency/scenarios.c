/* Lifetimes that fragment an allocator's memory: three adversarial ones, three like those of real programs. */
/* SPDX-License-Identifier: MIT */
#include "fragment.h"
#include "mix.h"

/* Free all but one of each `keep_one_of` entries, so that the survivors are spread evenly. */
static void thin(struct account *a, size_t count, size_t keep_one_of) {
    for (size_t i = 0; i < count; i++) {
        if (i % keep_one_of != 0) drop(a, &a->blocks[i]);
    }
}

/* Fill empty entries from `from` on up to the budget; returns the first entry not visited. */
static size_t fill(struct account *a, size_t from, size_t size_bytes) {
    size_t i = from;
    for (; i < a->capacity && a->live_bytes + size_bytes <= a->budget_bytes; i++) {
        if (!a->blocks[i].memory) put(a, &a->blocks[i], size_bytes);
    }
    return i;
}

/* One survivor among 32 small blocks, everywhere; then blocks of a page are requested. */
static void run_comb(struct account *a) {
    size_t count = fill(a, 0, 64);
    thin(a, count, 32);
    fill(a, count, 4096);
}

/* Every other block is freed, and blocks of twice the size are requested, seven times; Robson, "Bounds for some
 * functions concerning dynamic storage allocation", JACM 1974, proves his lower bound in this way. */
static void run_doubling(struct account *a) {
    size_t begin = 0;
    for (size_t size_bytes = 64; size_bytes <= 8192; size_bytes *= 2) {
        size_t end = fill(a, begin, size_bytes);
        for (size_t i = 0; i < end; i += 2) drop(a, &a->blocks[i]);
        /* Survivors stay in front; only every other of them can be freed in the next round. */
        size_t kept = 0;
        for (size_t i = 0; i < end; i++) {
            if (a->blocks[i].memory) {
                struct block block = a->blocks[i];
                a->blocks[i] = (struct block){NULL, 0};
                a->blocks[kept++] = block;
            }
        }
        begin = kept;
    }
    fill(a, begin, 16384);
}

/* As much stays live, but blocks grow slowly from 32 B to 8 KiB: each size class is left behind half empty. */
static void run_drift(struct account *a) {
    const size_t turns = 20 * a->budget_bytes / 1024;
    size_t entries = a->capacity / 16;
    for (size_t i = 0; i < turns; i++) {
        size_t limit = 32 + 8160 * i / turns;
        struct block *block = &a->blocks[random_below(&a->random, (uint32_t)entries)];
        drop(a, block);
        size_t size_bytes = 16 + limit / 2 + random_below(&a->random, (uint32_t)(limit / 2 + 1));
        while (a->live_bytes + size_bytes > a->budget_bytes)
            drop(a, &a->blocks[random_below(&a->random, (uint32_t)entries)]);
        put(a, block, size_bytes);
    }
}

/* 95 of 100 blocks are freed within a thousand allocations, four within a tenth of the run, one stays long. */
static void run_generations(struct account *a) {
    enum { YOUNG = 1000 };
    size_t middle = a->budget_bytes / 16384, old = a->budget_bytes / 2048;
    struct block *generation[] = {a->blocks, a->blocks + YOUNG, a->blocks + YOUNG + middle};
    uint32_t entries[] = {YOUNG, (uint32_t)middle, (uint32_t)old};
    for (size_t i = 0; i < a->budget_bytes / 16; i++) {
        uint32_t age = random_below(&a->random, 100);
        size_t which = age < 95 ? 0 : age < 99 ? 1 : 2;
        struct block *block = &generation[which][random_below(&a->random, entries[which])];
        drop(a, block);
        put(a, block, size_any(&a->random));
    }
}

/* A compiler over several files: many small nodes, tables that grow by doubling, all of it freed except a summary. */
static void run_phases(struct account *a) {
    size_t kept = 0;
    for (size_t file = 0; file < 8; file++) {
        size_t nodes_bytes = a->budget_bytes * (4 + file % 4) / 8;
        size_t at = a->capacity / 2;
        struct block *table = &a->blocks[a->capacity - 1];
        for (size_t grown = 1024; a->live_bytes < nodes_bytes && at < a->capacity - 1; at++) {
            put(a, &a->blocks[at], size_object(&a->random) * (1 + file % 3));
            if (a->live_bytes % 64 == 0 && grown < a->budget_bytes / 16) {
                drop(a, table);
                put(a, table, grown += grown / 2);
            }
        }
        for (size_t i = a->capacity / 2; i < at; i++) {
            if (i % 200 == 0)
                a->blocks[kept++] = a->blocks[i], a->blocks[i] = (struct block){NULL, 0};
            else
                drop(a, &a->blocks[i]);
        }
        drop(a, table);
    }
}

/* Buffers of a media program: 16 KiB to 2 MiB, replaced at random, with small ones between them. */
static void run_buffers(struct account *a) {
    size_t large = a->budget_bytes / (1 << 20), small = 4096;
    for (size_t i = 0; i < 60 * large; i++) {
        struct block *block = &a->blocks[random_below(&a->random, (uint32_t)large)];
        drop(a, block);
        put(a, block, (16384u << random_below(&a->random, 7)) + random_below(&a->random, 16384));
        for (size_t k = 0; k < 20; k++) {
            block = &a->blocks[large + random_below(&a->random, (uint32_t)small)];
            drop(a, block);
            put(a, block, size_any(&a->random));
        }
    }
}

const struct scenario scenarios[] = {
    {"comb", run_comb, "adversarial: one survivor among 32, then other sizes"},
    {"doubling", run_doubling, "adversarial: every other block goes, then twice the size"},
    {"drift", run_drift, "adversarial: sizes grow slowly while as much stays live"},
    {"generations", run_generations, "realistic: most die young, few stay long"},
    {"phases", run_phases, "realistic: a compiler, file after file"},
    {"buffers", run_buffers, "realistic: media buffers, 16 KiB to 2 MiB"},
    {NULL, NULL, NULL},
};
