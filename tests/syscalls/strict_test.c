/* Life under strict overcommit with a limit of COMMIT_MIB, which `commit` sets: heaps start, grow, shrink, fork, and
 * are refused memory properly. */
/* SPDX-License-Identifier: MIT */
#include "api/workload.h"
#include <pthread.h>
#include <sys/wait.h>

#define LIMIT_BYTES ((size_t)COMMIT_MIB << 20)

struct chain {
    struct chain *next;
    size_t bytes;
};

/* Takes blocks of one size until one is refused; adds up their bytes. */
static struct chain *take_all(size_t size, size_t *total) {
    struct chain *head = NULL, *next;
    errno = 0;
    for (*total = 0; (next = malloc(size)) != NULL; *total += size) {
        *next = (struct chain){head, size};
        head = next;
    }
    expect(errno == ENOMEM);
    return head;
}

static void give_all(struct chain *head) {
    for (struct chain *next; head != NULL; head = next) {
        next = head->next;
        expect(malloc_usable_size(head) >= head->bytes);
        free(head);
    }
}

static size_t fill_up(size_t size) {
    size_t total;
    give_all(take_all(size, &total));
    return total;
}

/* Any size has most of the limit, whatever had it before. */
CASE(each_size_has_half_of_the_limit) {
    static const size_t sizes[] = {1000, 100, 4096, 20000, 300000, 1000, 5 << 20, 48, 70000};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t had = fill_up(sizes[i]);
        expect_at(sizes[i], had, LIMIT_BYTES);
        expect(had >= LIMIT_BYTES / 2 && had <= LIMIT_BYTES);
    }
    workload(1, 20000);
}

/* While one size has everything, what is freed serves all others. */
CASE(freed_memory_serves_other_sizes_at_the_limit) {
    static const size_t sizes[] = {16, 100, 500, 2000, 5000, 20000, 100000};
    enum { SIZES = sizeof sizes / sizeof sizes[0], EACH = 20 };
    static void *held[SIZES][EACH];
    size_t total;
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned i = 0; i < EACH; i++) expect((held[s][i] = malloc(sizes[s])) != NULL);
    struct chain *eater = take_all(3000, &total);
    for (unsigned s = 0; s < SIZES; s++) {
        for (unsigned i = 0; i < EACH; i++) free(held[s][i]);
        for (unsigned i = 0; i < EACH; i++) {
            held[s][i] = malloc(sizes[s]);
            expect_at(sizes[s], i, total);
            expect(held[s][i] != NULL);
        }
    }
    give_all(eater);
}

/* A block that doubles gets to a quarter of the limit, since old and new are both there while it moves. A refusal
 * leaves it as it was. */
CASE(growing_block_survives_its_refusal) {
    unsigned char *block = malloc(1000);
    size_t bytes = 1000;
    expect(block != NULL);
    for (;;) {
        memset(block, 0x5c, bytes);
        unsigned char *grown = realloc(block, bytes * 2);
        if (grown == NULL) break;
        expect(grown[0] == 0x5c && memcmp(grown, grown + 1, bytes - 1) == 0);
        block = grown;
        bytes *= 2;
        expect(bytes <= LIMIT_BYTES);
    }
    expect_at(bytes, LIMIT_BYTES, 0);
    expect(errno == ENOMEM && bytes >= LIMIT_BYTES / 4);
    expect(block[0] == 0x5c && memcmp(block, block + 1, bytes - 1) == 0);
    free(block);
    workload(2, 20000);
}

static int status_of(pid_t child) {
    int status;
    expect(waitpid(child, &status, 0) == child);
    return status;
}

/* A fork counts all of the heap again: it is refused while that is more than half of the limit, the heap goes on, and
 * once the memory is freed and trimmed, it is not in the way any more. */
CASE(freed_memory_is_there_for_a_fork) {
    struct chain *head = NULL;
    for (size_t total = 0; total < LIMIT_BYTES * 6 / 10; total += 30000) {
        struct chain *next = malloc(30000);
        expect(next != NULL);
        *next = (struct chain){head, 30000};
        head = next;
    }
    errno = 0;
    expect(fork() == -1 && errno == ENOMEM);
    workload(3, 5000);
    give_all(head);
    malloc_trim(0);
    pid_t child = fork();
    expect(child >= 0);
    if (child == 0) {
        workload(4, 5000);
        expect(fill_up(3000) >= LIMIT_BYTES / 2);
        _exit(0);
    }
    expect(status_of(child) == 0);
    workload(5, 5000);
}

/* Parent and child share the limit; the child frees what it inherited, and its end gives all back. */
CASE(children_share_the_limit) {
    for (unsigned round = 0; round < 4; round++) {
        static struct chain *blocks[2000];
        for (unsigned i = 0; i < 2000; i++) {
            expect((blocks[i] = malloc(100 + i * 7)) != NULL);
            *blocks[i] = (struct chain){NULL, 100 + i * 7};
        }
        pid_t child = fork();
        expect(child >= 0);
        if (child == 0) {
            for (unsigned i = 0; i < 2000; i++) give_all(blocks[i]);
            expect(fill_up(1000) >= LIMIT_BYTES / 2);
            _exit(0);
        }
        expect(status_of(child) == 0);
        for (unsigned i = 0; i < 2000; i++) give_all(blocks[i]);
    }
    expect(fill_up(1000) >= LIMIT_BYTES / 2);
}

static void *take_part(void *result) {
    size_t total;
    struct chain *head = take_all(2000, &total);
    *(size_t *)result = total;
    give_all(head);
    return NULL;
}

CASE(threads_run_out_together) {
    pthread_t threads[4];
    size_t totals[4], sum = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    expect(pthread_attr_setstacksize(&attributes, 256 << 10) == 0); /* stacks count too */
    for (unsigned i = 0; i < 4; i++) expect(pthread_create(&threads[i], &attributes, take_part, &totals[i]) == 0);
    for (unsigned i = 0; i < 4; i++) {
        expect(pthread_join(threads[i], NULL) == 0);
        sum += totals[i];
    }
    expect_at(sum, LIMIT_BYTES, 0);
    expect(sum >= LIMIT_BYTES / 2);
    expect(fill_up(5000) >= LIMIT_BYTES / 2);
}

/* A process that allocates little commits little: no tables and no reserve in advance. */
CASE(little_is_committed_at_the_start) {
    FILE *status = fopen("/proc/self/status", "r");
    unsigned long kib = 0;
    expect(status != NULL);
    for (char line[200]; fgets(line, sizeof line, status);) sscanf(line, "VmData: %lu", &kib);
    fclose(status);
    expect_at(kib, 0, 0);
    expect(kib > 0 && kib < 4096);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
