/* Tight limits: address space, data segment, the smallest stacks, locked memory. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "workload.h"
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* The limit must hold from the first instruction on, so the case executes itself again under it. */
static void restart_under(int resource, rlim_t bytes) {
    struct rlimit now;
    expect(getrlimit(resource, &now) == 0);
    if (now.rlim_cur == bytes) return;
    now.rlim_cur = bytes;
    expect(setrlimit(resource, &now) == 0);
    execv("/proc/self/exe", expect_argv);
    expect(!"started again");
}

/* How many bytes can be allocated in blocks of one size; all are freed again. */
static size_t fill_up(size_t size) {
    struct chain {
        struct chain *next;
    } *head = NULL, *next;
    size_t total = 0;
    errno = 0;
    for (; (next = malloc(size)) != NULL; total += size) {
        next->next = head;
        head = next;
    }
    expect(errno == ENOMEM);
    for (; head != NULL; head = next) {
        next = head->next;
        free(head);
    }
    return total;
}

/* A program may expect at least half of what the limit leaves, in any size, and again after any other size. */
static void expect_half_of(size_t limit) {
    static const size_t sizes[] = {1000, 16, 100, 4096, 20000, 300000, 1000, 5 << 20, 32, 70000};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t had = fill_up(sizes[i]);
        expect_at(sizes[i], had, limit);
        expect(had >= (sizes[i] == 16 ? limit / 4 : limit / 2));
    }
    workload(1, 20000);
}

CASE(address_space_of_200000_kb_suffices) {
    restart_under(RLIMIT_AS, 200000ul << 10);
    workload(2, 20000);
    expect_half_of(200000ul << 10);
}

/* So little that the library's own tables and a thread's stack are a part of it. */
CASE(address_space_of_64_mib_suffices) {
    restart_under(RLIMIT_AS, 64ul << 20);
    workload(2, 2000);
    expect(fill_up(1000) >= 16u << 20);
    expect(fill_up(300000) >= 16u << 20);
    expect(fill_up(16) >= 8u << 20);
}

CASE(data_segment_of_64_mib_suffices) {
    restart_under(RLIMIT_DATA, 64ul << 20);
    workload(2, 20000);
    expect_half_of(64ul << 20);
}

/* A size that the limit refuses leaves everything to those that it allows. */
CASE(refused_sizes_take_nothing_from_others) {
    restart_under(RLIMIT_AS, 200000ul << 10);
    for (unsigned shift = 28; shift < 48; shift++) {
        expect_at(shift, 0, 0);
        expect(malloc((size_t)1 << shift) == NULL && errno == ENOMEM);
        expect(memalign((size_t)1 << shift, 100) == NULL);
        expect(calloc(1, (size_t)1 << shift) == NULL);
    }
    expect_half_of(200000ul << 10);
}

/* A limit is set while the program runs, as servers do; blocks in use stay usable, refusals are NULL. */
CASE(address_space_limited_in_mid_life) {
    struct workload w;
    memset(&w, 0, sizeof w);
    w.random = 99;
    w.refusals_ok = 1;
    workload_run(&w, 10000);
    setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, RLIM_INFINITY});
    workload_run(&w, 30000);
    for (size_t size = 1; size < 64u << 20; size = size * 3 + 1) {
        errno = 0;
        void *block = malloc(size);
        expect(block != NULL || errno == ENOMEM);
        free(block);
    }
    workload_run(&w, 10000);
    workload_end(&w);
}

/* This measures each call's own use of the stack, so the blocks are elsewhere. */
static void *on_small_stack(void *unused) {
    static __thread unsigned char *blocks[4];
    for (size_t size = 1; size <= 3u << 20; size = size * 2 + 1)
        for (unsigned e = 0; e < TAKING_ENTRIES; e++) {
            for (unsigned i = 0; i < 4; i++) {
                blocks[i] = taking_entries[e].take(size);
                blocks[i][0] = blocks[i][size - 1] = 1;
            }
            for (unsigned i = 0; i < 4; i++) free(realloc(blocks[i], size * 2));
        }
    malloc_trim(0);
    return unused;
}

CASE(smallest_stacks_suffice) {
    pthread_attr_t attributes;
    pthread_t threads[8];
    pthread_attr_init(&attributes);
    expect(pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN) == 0);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 8; i++) expect(pthread_create(&threads[i], &attributes, on_small_stack, NULL) == 0);
        for (unsigned i = 0; i < 8; i++) expect(pthread_join(threads[i], NULL) == 0);
    }
}

/* Locking all mappings must not lock memory that is merely reserved. Without the privilege to lock that much, only
 * future mappings are locked and the load stays below the 8 MiB that anyone may lock. */
static size_t locked_load_bytes(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_MEMLOCK, &all);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) return 64u << 20;
    expect(mlockall(MCL_FUTURE) == 0);
    return 2u << 20;
}

CASE(locked_memory_works_and_calloc_is_zero) {
    free(malloc(100));
    size_t bytes = locked_load_bytes();
    for (size_t size = 10; size <= bytes / 2; size = size * 2 + 1) {
        unsigned char *dirty = malloc(size);
        expect_at(size, 0, 0);
        expect(dirty != NULL);
        memset(dirty, 0xaa, malloc_usable_size(dirty));
        free(dirty);
        malloc_trim(0);
        unsigned char *clean = calloc(1, size);
        expect(clean != NULL && is_zero(clean, size));
        free(clean);
    }
    struct workload w;
    memset(&w, 0, sizeof w);
    w.random = 5;
    w.refusals_ok = bytes < 64u << 20;
    workload_run(&w, 20000);
    workload_end(&w);
}

/* Locked memory counts as resident: a small program must not pay for a reservation. */
CASE(locking_costs_no_more_than_is_used) {
    free(malloc(100));
    if (locked_load_bytes() < 64u << 20) return;
    long pages = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    expect(fscanf(statm, "%ld %ld", &pages, &resident) == 2);
    fclose(statm);
    expect_at(pages, resident, 0);
    expect(resident * sysconf(_SC_PAGESIZE) < 24 << 20);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
