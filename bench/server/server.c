/* A server-like process: threads answer requests at a fixed rate while their data grows, stays and shrinks.
 *
 *   server SECONDS PEAK_MIB
 *
 * Prints CSV: `sample,SECONDS,LIVE_KIB,RSS_KIB` ten times a second, RSS without what the process had at its start, then
 * `phase,NAME,SECONDS` for each phase's begin, `cost,CPU_SECONDS,REQUESTS,LATE_TICKS`, and `pages,SECONDS,KIB`: the
 * pages that hold live blocks a second after the last fall, and at the end. The work is the same for every allocator: a
 * slow one takes more CPU time, not fewer requests, unless it falls behind (LATE_TICKS). */
/* SPDX-License-Identifier: MIT */
#include "plan.h"
#include "store.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 2,
    TICK_MS = 10,
    TICK_REQUESTS = 200,   /* of each worker */
    TICK_MOVES_MAX = 4000, /* blocks a worker adds or drops in a tick at most, to follow the plan */
    SAMPLE_TICKS = 10,
    MEAN_BYTES = 2200, /* of the sizes in store.c, to choose the table's size */
    SETTLE_MS = 1000,  /* after a fall, until memory should be back */
};

struct sample {
    double at_s;
    size_t live_kib, rss_kib;
};

static double run_s, start_s;
static size_t peak_bytes;
static atomic_size_t late_ticks;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Sleep until tick `tick` begins; false when it is already over. */
static int wait_for_tick(size_t tick) {
    double at_s = start_s + (double)tick * TICK_MS / 1000;
    double left_s = at_s - now_s();
    if (left_s > 0) {
        struct timespec t = {(time_t)left_s, (long)((left_s - (double)(time_t)left_s) * 1e9)};
        nanosleep(&t, NULL);
    }
    return left_s > -TICK_MS / 1000.0;
}

static size_t tick_count(void) {
    return (size_t)(run_s * 1000 / TICK_MS);
}

/* Move towards what the plan says for now. */
static void follow_plan(size_t tick, uint64_t *random) {
    size_t target = (size_t)(plan_level((double)tick / (double)tick_count()) * (double)peak_bytes);
    for (size_t i = 0; i < TICK_MOVES_MAX; i++) {
        size_t live = store_live_bytes();
        if (live > target)
            store_drop(random);
        else if (target - live > MEAN_BYTES)
            store_add(random);
        else
            return;
    }
}

static void *work(void *argument) {
    uint64_t random = 0x9E3779B97F4A7C15ull * ((uintptr_t)argument + 1);
    for (size_t tick = 0; tick < tick_count(); tick++) {
        if (!wait_for_tick(tick)) late_ticks++;
        for (size_t i = 0; i < TICK_REQUESTS; i++) {
            store_request(&random);
            store_replace(&random);
        }
        follow_plan(tick, &random);
    }
    return NULL;
}

static size_t rss_kib(void) {
    unsigned long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lu %lu", &total, &resident) != 2) abort();
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* The sample by which the memory of the last fall should have gone back. */
static size_t settled_sample(void) {
    double fallen_s = plan_points[PLAN_COUNT - 2].at * run_s;
    return (size_t)((fallen_s * 1000 + SETTLE_MS) / TICK_MS / SAMPLE_TICKS);
}

/* The samples' own memory and stdio's buffers are in `base_kib`: they exist before the run. Returns the KiB of the
 * pages with live blocks at the settled sample. */
static size_t sample(struct sample *samples, size_t count, size_t base_kib) {
    size_t settled = settled_sample(), pages_kib = 0;
    for (size_t i = 0; i < count; i++) {
        wait_for_tick(i * SAMPLE_TICKS);
        size_t rss = rss_kib();
        samples[i] = (struct sample){now_s() - start_s, store_live_bytes() / 1024, rss > base_kib ? rss - base_kib : 0};
        if (i == settled) pages_kib = store_page_bytes() / 1024;
    }
    return pages_kib;
}

static void print(const struct sample *samples, size_t count, size_t settled_pages_kib) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    for (size_t i = 0; i < count; i++)
        printf("sample,%.2f,%zu,%zu\n", samples[i].at_s, samples[i].live_kib, samples[i].rss_kib);
    for (size_t i = 0; i < PLAN_COUNT; i++) printf("phase,%s,%.2f\n", plan_points[i].name, plan_points[i].at * run_s);
    printf("cost,%.3f,%zu,%zu\n", cpu_s, tick_count() * TICK_REQUESTS * WORKERS, (size_t)late_ticks);
    if (settled_sample() < count) printf("pages,%.2f,%zu\n", samples[settled_sample()].at_s, settled_pages_kib);
    printf("pages,%.2f,%zu\n", run_s, store_page_bytes() / 1024);
}

static size_t slots_for(size_t bytes) {
    size_t slots = 1024;
    while (slots < 2 * bytes / MEAN_BYTES) slots *= 2;
    return slots;
}

int main(int argc, char **argv) {
    run_s = argc == 3 ? atof(argv[1]) : 0;
    peak_bytes = argc == 3 ? (size_t)atol(argv[2]) << 20 : 0;
    if (run_s < 1 || peak_bytes == 0) {
        fprintf(stderr, "usage: server SECONDS PEAK_MIB\n");
        return 2;
    }
    pthread_t workers[WORKERS];
    size_t count = tick_count() / SAMPLE_TICKS;
    struct sample *samples = calloc(count, sizeof *samples);
    if (!samples) return 1;
    store_open(slots_for(peak_bytes));
    size_t base_kib = rss_kib();
    start_s = now_s();
    for (size_t i = 0; i < WORKERS; i++) {
        if (pthread_create(&workers[i], NULL, work, (void *)(uintptr_t)i) != 0) abort();
    }
    size_t settled_pages_kib = sample(samples, count, base_kib);
    for (size_t i = 0; i < WORKERS; i++) pthread_join(workers[i], NULL);
    print(samples, count, settled_pages_kib);
    free(samples);
    return 0;
}
