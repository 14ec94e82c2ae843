/* After one size has used up all memory and freed it again, every other size can use it. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

enum { LIMIT_MIB = 160 };

static const size_t sizes[] = {16,   48,    128,   500,    1024,   2000,    4096,
                               5000, 16000, 65536, 200000, 300000, 1 << 20, 6 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

struct chain {
    struct chain *next;
};

static struct chain *exhaust(size_t size, size_t *count) {
    struct chain *head = NULL, *block;
    for (*count = 0; (block = malloc(size)) != NULL; ++*count) {
        block->next = head;
        head = block;
    }
    expect(errno == ENOMEM);
    return head;
}

/* Frees every `keep_every`-th block less; returns the chain of those kept. */
static struct chain *release(struct chain *head, unsigned keep_every) {
    struct chain *kept = NULL, *next;
    for (unsigned i = 1; head != NULL; head = next, i++) {
        next = head->next;
        if (keep_every != 0 && i % keep_every == 0) {
            head->next = kept;
            kept = head;
        } else {
            free(head);
        }
    }
    return kept;
}

static void restart_under_limit(void) {
    struct rlimit limit = {(rlim_t)LIMIT_MIB << 20, (rlim_t)LIMIT_MIB << 20}, now;
    expect(getrlimit(RLIMIT_AS, &now) == 0);
    if (now.rlim_cur == limit.rlim_cur) return;
    expect(setrlimit(RLIMIT_AS, &limit) == 0);
    execv("/proc/self/exe", expect_argv);
    expect(!"started again");
}

CASE(freed_memory_serves_every_other_size) {
    restart_under_limit();
    for (unsigned from = 0; from < SIZES; from++)
        for (unsigned to = 0; to < SIZES; to += 2 + from % 3) {
            size_t first, second;
            release(exhaust(sizes[from], &first), 0);
            release(exhaust(sizes[to], &second), 0);
            expect_at(sizes[from], sizes[to], second);
            expect(first > 0 && second > 0);
            expect(second * sizes[to] >= first * sizes[from] / 2 || sizes[to] <= 48);
            expect(second * sizes[to] >= first * sizes[from] / 5);
        }
}

/* With memory exhausted and everything still held, a freed block can be allocated again at once, by the same size.
 */
CASE(one_freed_block_can_be_had_again) {
    restart_under_limit();
    for (unsigned s = 0; s < SIZES; s++) {
        size_t count;
        struct chain *all = exhaust(sizes[s], &count);
        for (unsigned i = 0; i < 100; i++) {
            struct chain *block = all->next;
            all->next = block->next;
            free(block);
            block = malloc(sizes[s]);
            expect_at(sizes[s], i, count);
            expect(block != NULL);
            block->next = all->next;
            all->next = block;
        }
        release(all, 0);
    }
}

/* One in eight survives: the rest must still serve its own size, and realloc and calloc. */
CASE(survivors_do_not_block_the_rest) {
    restart_under_limit();
    for (unsigned s = 0; s < SIZES; s++) {
        size_t count, again;
        struct chain *kept = release(exhaust(sizes[s], &count), 8);
        struct chain *more = exhaust(sizes[s], &again);
        expect_at(sizes[s], count, again);
        expect(again + 8 >= count * 3 / 4);
        release(more, 0);
        unsigned char *zeroes = calloc(1, sizes[s]);
        expect(zeroes != NULL && is_zero(zeroes, sizes[s]));
        free(realloc(zeroes, sizes[s] + 8));
        release(kept, 0);
    }
}

static unsigned pick(unsigned below) {
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (unsigned)((uint64_t)state * below >> 32);
}

/* What is refused at the limit is refused in any larger size, too: larger classes, half-empty slabs and level 2 serve
 * it before. */
CASE(nothing_is_refused_while_more_would_be_served) {
    restart_under_limit();
    enum { LIVE_MOST = 1 << 20, REFUSALS = 60 };
    static void *live[LIVE_MOST];
    unsigned count = 0, refused = 0;
    while (refused < REFUSALS && count < LIVE_MOST) {
        size_t size = 1 + pick(64u << pick(7));
        if ((live[count] = malloc(size)) != NULL) {
            count++;
            continue;
        }
        refused++;
        for (size_t more = size + 1; more < 1 << 20; more += more / 8 + 1) {
            expect_at(size, more, refused);
            expect(malloc(more) == NULL);
        }
        for (unsigned gone = 1 + pick(3000); gone > 0 && count > 0; gone--) {
            unsigned i = pick(count);
            free(live[i]);
            live[i] = live[--count];
        }
    }
    expect(refused == REFUSALS);
}

/* A process's first block of a size, which may lie apart from the others, serves all smaller sizes when it is freed. */
CASE(a_first_block_serves_smaller_sizes) {
    restart_under_limit();
    void *first = malloc(4052);
    size_t count, left;
    for (unsigned s = SIZES; s-- > 0;) exhaust(sizes[s], &count);
    for (size_t size = 4052; size > 0; size -= size / 8 + 1) {
        exhaust(size, &left);
        free(first);
        first = malloc(size);
        expect_at(size, count, left);
        expect(first != NULL);
        free(first);
        first = malloc(4052);
        expect(first != NULL);
    }
}

static void *exhaust_in_thread(void *size) {
    size_t count;
    for (unsigned round = 0; round < 5; round++) {
        release(exhaust((size_t)(uintptr_t)size, &count), round % 2 ? 0 : 4);
        void *small = malloc(24), *large = realloc(malloc(100), 100000);
        free(small);
        free(large);
    }
    return NULL;
}

/* The chains of survivors are lost on purpose: threads end while others are short of memory. */
CASE(threads_run_out_together) {
    restart_under_limit();
    pthread_t threads[4];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    for (unsigned i = 0; i < 4; i++)
        expect(pthread_create(&threads[i], &attributes, exhaust_in_thread, (void *)(uintptr_t)(100 + i * i * 40000)) ==
               0);
    for (unsigned i = 0; i < 4; i++) expect(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
