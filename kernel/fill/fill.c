/* How much of a fixed region an allocator serves: the most live bytes that churn without a refusal.
 *
 *   fill_NAME BYTES      a line for each load: its name, a tab, percent of the region
 *   fill_NAME BYTES PERCENT ...   one for each load: 1 and a line if it is refused something at so many percent
 *   fill_NAME refusals [TRIES]   no larger request may be served after a refusal: 1 and a line if one is; a request is
 *                        refused when that many tries were in vain, for heaps that give back a step each
 *
 * Each trial is a process of its own, because an allocator can be initialised only once. */
/* SPDX-License-Identifier: MIT */
#include "load.h"
#include <heapalloc/heap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 200000, PERMILLE_STEP = 10, LIVE_MOST = 1 << 22, PROBES = 12, EXIT_REFUSED = 3 };

static struct block {
    char *at;
    size_t size;
} * live;
static size_t live_count, live_bytes;
static unsigned long tries = 1;

static void *map(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != MAP_FAILED) return p;
    perror("fill: mmap");
    exit(2);
}

/* A block's first and last byte are written and read again, which detects blocks that overlap. */
static bool take(size_t size) {
    char *p = heap_alloc(size);
    for (unsigned long i = 1; !p && i < tries; i++) p = heap_alloc(size);
    if (!p) return false;
    p[0] = p[size - 1] = (char)((uintptr_t)p >> 4);
    live[live_count++] = (struct block){p, size};
    live_bytes += size;
    return true;
}

static void give(struct dice *dice) {
    size_t i = dice_below(dice, live_count);
    struct block block = live[i];
    if (block.at[0] != (char)((uintptr_t)block.at >> 4) || block.at[block.size - 1] != block.at[0]) abort();
    heap_free(block.at);
    live_bytes -= block.size;
    live[i] = live[--live_count];
}

static void begin(size_t bytes) {
    char *ram = map(bytes + 65536);
    live = map(LIVE_MOST * sizeof *live);
    ram += -(uintptr_t)ram % 65536;
    if (!heap_init(ram, bytes)) exit(2);
}

/* Keep live bytes at `permille` of the region: fill it up to there, then free a block for each that does not fit. */
static bool serves(const struct load *load, size_t bytes, uint32_t permille, uint64_t seed) {
    struct dice dice = {seed * UINT64_C(0x9e3779b97f4a7c15)};
    size_t target = bytes / 1000 * permille;
    begin(bytes);
    bool full = false;
    for (int step = 0; step < STEPS; step += full) {
        size_t size = load->size(&dice);
        for (; live_count > 0 && (live_bytes + size > target || live_count == LIVE_MOST); full = true) give(&dice);
        if (!take(size)) return false;
    }
    return true;
}

static bool serves_apart(const struct load *load, size_t bytes, uint32_t permille, uint64_t seed) {
    pid_t child = fork();
    if (child == 0) _exit(serves(load, bytes, permille, seed) ? 0 : EXIT_REFUSED);
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        fprintf(stderr, "fill: a trial of %s at %u permille ended by a signal\n", load->name, permille);
        exit(2);
    }
    if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != EXIT_REFUSED) exit(2);
    return WEXITSTATUS(status) == 0;
}

static bool serves_both(const struct load *load, size_t bytes, uint32_t permille) {
    return serves_apart(load, bytes, permille, 1) && serves_apart(load, bytes, permille, 2);
}

static uint32_t most(const struct load *load, size_t bytes) {
    uint32_t good = 0, bad = 1001;
    while (bad - good > PERMILLE_STEP) {
        uint32_t middle = (good + bad) / 2;
        *(serves_both(load, bytes, middle) ? &good : &bad) = middle;
    }
    return good;
}

/* Check that each load has at least its percent. */
static int checks(size_t bytes, char **percents) {
    int failures = 0;
    for (size_t i = 0; i < load_count; i++) {
        uint32_t percent = (uint32_t)strtoul(percents[i], NULL, 10);
        if (serves_both(&loads[i], bytes, percent * 10)) continue;
        printf("fill: %s does not serve %u percent\n", loads[i].name, percent);
        failures++;
    }
    if (failures == 0) printf("fill: PASS\n");
    return failures > 0;
}

/* Check that no request is refused while a larger one would be served. */
static bool refuses_all_above(size_t size) {
    for (size_t more = size + 1, i = 0; more < (4 << 20) && i < 200; more += more / 16 + 1, i++) {
        void *p = heap_alloc(more);
        if (!p) continue;
        printf("fill: %zu bytes are refused, and %zu are served\n", size, more);
        return false;
    }
    return true;
}

static bool refusals(const struct load *load, uint64_t seed) {
    struct dice dice = {seed * UINT64_C(0x9e3779b97f4a7c15)};
    size_t refused = 0;
    begin((size_t)1 << 20);
    for (int step = 0; step < STEPS / 4 && refused < 400; step++) {
        size_t size = load->size(&dice);
        if (!take(size)) {
            refused++;
            if (!refuses_all_above(size)) return false;
            for (uint64_t i = 0, count = 1 + dice_below(&dice, 60); i < count && live_count > 0; i++) give(&dice);
        } else if (dice_below(&dice, 3) == 0) {
            give(&dice);
        }
    }
    if (refused < 10) printf("fill: %s was refused %zu times only\n", load->name, refused);
    return refused >= 10;
}

static int all_refusals(void) {
    int failures = 0;
    for (size_t i = 0; i < load_count * 4; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) exit(refusals(&loads[i / 4], i % 4 + 1) ? 0 : 1);
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) failures++;
    }
    if (failures == 0) printf("fill: PASS\n");
    return failures > 0;
}

int main(int count, char **arguments) {
    if (count >= 2 && strcmp(arguments[1], "refusals") == 0) {
        if (count == 3) tries = strtoul(arguments[2], NULL, 0);
        return all_refusals();
    }
    size_t bytes = count >= 2 ? strtoull(arguments[1], NULL, 0) : 0;
    if (bytes < 16384 || (count > 2 && count != 2 + (int)load_count)) {
        fprintf(stderr, "usage: fill BYTES [PERCENT ...] | fill refusals [TRIES]; 16384 bytes at least\n");
        return 2;
    }
    if (count > 2) return checks(bytes, arguments + 2);
    for (size_t i = 0; i < load_count; i++) {
        uint32_t permille = most(&loads[i], bytes);
        printf("%s\t%u\n", loads[i].name, (permille + 5) / 10);
        fflush(stdout);
    }
    return 0;
}
