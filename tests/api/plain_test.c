/* Ordinary work by several threads, for runs in unusual surroundings. */
/* SPDX-License-Identifier: MIT */
#include "workload.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

static void *work(void *seed) {
    workload((uintptr_t)seed, 8000);
    return NULL;
}

static void work_in_threads(void) {
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++) expect(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
    workload(9, 8000);
    for (unsigned i = 0; i < 4; i++) expect(pthread_join(threads[i], NULL) == 0);
}

CASE(threads_work) {
    for (unsigned round = 0; round < 5; round++) work_in_threads();
    char *large = malloc(60 << 20);
    memset(large, 1, 60 << 20);
    large = realloc(large, 90 << 20);
    expect(large != NULL && large[(60 << 20) - 1] == 1);
    free(large);
    malloc_trim(0);
}

/* The wrappers of wild.c count their calls, which proves that they are in use. */
extern unsigned wild_calls(void) __attribute__((weak));

CASE(threads_work_among_wild_wrappers) {
    expect(wild_calls != NULL);
    case_threads_work();
    unsigned before = wild_calls();
    int fd = open("/dev/null", O_RDONLY);
    expect(fd >= 0 && close(fd) == 0);
    expect(sysconf(_SC_PAGESIZE) > 0 && getenv("LD_PRELOAD") != NULL);
    void *mapping = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(mapping != MAP_FAILED && madvise(mapping, 4096, MADV_DONTNEED) == 0);
    expect(munmap(mapping, 4096) == 0);
    expect(wild_calls() >= before + 5);
}

/* The library second.c ends the process when anything is allocated from it. */
extern int second_is_loaded(void) __attribute__((weak));

CASE(threads_work_beside_a_second_allocator) {
    expect(second_is_loaded != NULL && second_is_loaded());
    case_threads_work();
}

extern unsigned clock_calls(void) __attribute__((weak));

CASE(threads_work_by_a_leaping_clock) {
    expect(clock_calls != NULL);
    case_threads_work();
    struct timespec now;
    unsigned before = clock_calls();
    expect(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && clock_calls() > before);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
