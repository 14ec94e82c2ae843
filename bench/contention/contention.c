/* Threads that replace blocks, exchange them, or pass them on; prints the contention between them, per thousand
 * operations.
 *
 *   contention THREADS PATTERN FROM TO SLOTS OPERATIONS      PATTERN: own, exchange, pass; sizes FROM to TO
 *
 * A library built with -DHEAPALLOC_COUNT=ON reports its atomic operations, locks taken, waits, and cache lines that
 * another thread wrote before. For any allocator voluntary context switches are printed, which its waits cause. */
/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { THREADS_MAX = 256, COUNTS = 4, SHARED_MAX = 1 << 20 };

static struct plan {
    long threads, from, to, slots, operations;
    char pattern;
} plan;

static _Atomic(char *) shared[SHARED_MAX];
static pthread_barrier_t begin, end;

static uint64_t step(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static char *take(uint64_t *state) {
    char *block = malloc((size_t)plan.from + (step(state) >> 20) % (uint64_t)(plan.to - plan.from + 1));
    if (!block) exit(1);
    *block = 1;
    return block;
}

/* The slot for the next block, whose old block is freed: the thread's own, any thread's, or its right neighbour's. */
static long place(uint64_t *state, long self) {
    long slot = (long)(step(state) >> 11) & INT64_MAX;
    if (plan.pattern == 'e') return slot % (plan.slots * plan.threads);
    if (plan.pattern == 'p' && step(state) >> 40 & 1) self = (self + 1) % plan.threads;
    return self * plan.slots + slot % plan.slots;
}

static void *run(void *index) {
    uint64_t state = ((uintptr_t)index + 1) * 0x9e3779b97f4a7c15;
    for (long i = 0; i < plan.operations + plan.slots * 4; i++) {
        if (i == plan.slots * 4) { /* all slots are full now */
            pthread_barrier_wait(&begin);
            pthread_barrier_wait(&begin);
        }
        char *block = take(&state);
        free(atomic_exchange(&shared[place(&state, (long)(intptr_t)index)], block));
    }
    pthread_barrier_wait(&end);
    pthread_barrier_wait(&end);
    return NULL;
}

typedef void counted(uint64_t out[COUNTS]);

static void look(uint64_t out[COUNTS + 1]) {
    counted *read = (counted *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_counted");
    struct rusage usage;
    memset(out, 0, sizeof(uint64_t) * (COUNTS + 1));
    if (read) read(out);
    getrusage(RUSAGE_SELF, &usage);
    out[COUNTS] = (uint64_t)usage.ru_nvcsw;
}

static void report(const uint64_t *before, const uint64_t *after) {
    static const char *const names[] = {"atomic", "locks", "waits", "lines", "switches"};
    double thousands = (double)(plan.threads * plan.operations) / 1000;
    printf("%3ld threads, %c, %ld to %ld:", plan.threads, plan.pattern, plan.from, plan.to);
    for (int i = 0; i <= COUNTS; i++) printf("  %s %.2f", names[i], (double)(after[i] - before[i]) / thousands);
    printf("  per 1000\n");
}

int main(int count, char **words) {
    pthread_t threads[THREADS_MAX];
    uint64_t before[COUNTS + 1], after[COUNTS + 1];
    if (count != 7) return 2;
    plan = (struct plan){atol(words[1]), atol(words[3]), atol(words[4]), atol(words[5]), atol(words[6]), *words[2]};
    if (plan.threads < 1 || plan.threads > THREADS_MAX || plan.slots * plan.threads > SHARED_MAX) return 2;
    pthread_barrier_init(&begin, NULL, (unsigned)plan.threads + 1);
    pthread_barrier_init(&end, NULL, (unsigned)plan.threads + 1);
    for (long i = 0; i < plan.threads; i++) pthread_create(&threads[i], NULL, run, (void *)(intptr_t)i);
    pthread_barrier_wait(&begin);
    look(before);
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&end);
    look(after);
    pthread_barrier_wait(&end);
    for (long i = 0; i < plan.threads; i++) pthread_join(threads[i], NULL);
    report(before, after);
    return 0;
}
