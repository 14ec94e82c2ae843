/* A server that forks its workers in advance: what a worker makes its own of the memory that it inherits, in pages. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <malloc.h>

enum { WORKERS = 4, INHERITED = 20000, REQUESTS = 300, EACH = 60, FREED_EACH = 50 };

/* What serving may cost: glibc needs 47 pages, the default library 81, the hardened one 148. */
enum { SERVING_PAGES = 250 };

static struct parcel *inherited[INHERITED];
static struct parcel *served[EACH];

/* Pages that are this process's alone and were written to. */
static size_t own_pages(void) {
    return kernel_bytes("/proc/self/smaps_rollup", "Private_Dirty:") / (size_t)sysconf(_SC_PAGESIZE);
}

static void inherit(void) {
    uint64_t random = 77;
    for (unsigned i = 0; i < INHERITED; i++) inherited[i] = parcel_take(next_random(&random) % 1000, i);
}

/* Each request takes some 30 KiB and gives it back. */
static void serve(unsigned requests) {
    uint64_t random = 5;
    for (unsigned r = 0; r < requests; r++) {
        for (unsigned i = 0; i < EACH; i++) served[i] = parcel_take(next_random(&random) % 1000, i);
        for (unsigned i = 0; i < EACH; i++) parcel_give(served[(i * 7) % EACH]);
    }
}

/* Runs `work` in workers that live side by side, and expects each to have at most `most` pages of its own by then. */
static void expect_workers(void (*work)(void), size_t most) {
    int ready[2], go[2];
    pid_t workers[WORKERS];
    expect(pipe(ready) == 0 && pipe(go) == 0);
    for (unsigned w = 0; w < WORKERS; w++) {
        workers[w] = fork();
        expect(workers[w] >= 0);
        if (workers[w] > 0) continue;
        char byte;
        size_t before = own_pages();
        work();
        size_t after = own_pages();
        if (w == 0) printf("%zu pages, %zu before\n", after, before), fflush(stdout);
        expect_at(before, after, most);
        expect(after <= most);
        expect(close(ready[1]) == 0 && close(go[1]) == 0 && read(go[0], &byte, 1) == 0);
        _exit(0);
    }
    close(ready[1]);
    char none;
    expect(read(ready[0], &none, 1) == 0); /* all are ready, or have ended */
    close(go[1]);
    for (unsigned w = 0; w < WORKERS; w++) expect_child_well(workers[w]);
}

static void only_serve(void) {
    serve(REQUESTS);
}

/* A worker that serves requests copies what it writes to: the blocks of a request, and the heap's tables for them. */
CASE(worker_that_serves_copies_little) {
    inherit();
    serve(REQUESTS);
    expect_workers(only_serve, SERVING_PAGES);
}

static void free_some_and_serve(void) {
    serve(REQUESTS);
    for (unsigned i = 0; i < INHERITED; i += FREED_EACH) parcel_give(inherited[i]);
    serve(REQUESTS);
}

/* An inherited block that is freed costs its page, once. */
CASE(freed_block_costs_its_page) {
    inherit();
    serve(REQUESTS);
    expect_workers(free_some_and_serve, SERVING_PAGES + INHERITED / FREED_EACH);
}

static void free_all(void) {
    for (unsigned i = 0; i < INHERITED; i++) parcel_give(inherited[i]);
    malloc_trim(0);
}

/* Once all of them are freed and trimmed, none of their pages is left. */
CASE(all_inherited_blocks_can_be_freed) {
    inherit();
    expect_workers(free_all, SERVING_PAGES);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
