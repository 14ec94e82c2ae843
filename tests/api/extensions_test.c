/* Calls with more information than malloc has: sizes, growing in place, batches, offsets, idle threads, reserve. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <heapalloc/heapalloc.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>

static bool is_hardened(void) {
    return strstr(heapalloc_version(), "hardened") != NULL;
}

/* 1, 2, 3 ... then further apart, to 40 MiB. */
static size_t next_size(size_t size) {
    return size + 1 + size / 13 + (size > 1 << 20 ? size / 3 : 0);
}

CASE(zeroed_blocks_read_as_zero) {
    for (size_t size = 0; size < 40u << 20; size = next_size(size)) {
        for (int round = 0; round < 2; round++) {
            unsigned char *block = heapalloc_alloc_zeroed(size);
            expect_at(size, round, 0);
            expect(block != NULL);
            for (size_t i = 0; i < size; i += size < 5000 ? 1 : 997) expect(block[i] == 0);
            memset(hide(block), 0xa5, size);
            free(block);
        }
    }
    errno = 0;
    expect(!heapalloc_alloc_zeroed(SIZE_MAX) && errno == ENOMEM);
}

CASE(a_good_size_costs_nothing_more) {
    for (size_t size = 0; size < 40u << 20; size = next_size(size)) {
        size_t good = heapalloc_good_size(size);
        expect_at(size, good, 0);
        expect(good >= size && good > 0 && heapalloc_good_size(good) == good);
        void *block = malloc(size), *better = malloc(good);
        expect(block && malloc_usable_size(block) >= size);
        expect(better && malloc_usable_size(better) >= good);
        free(block);
        free(better);
    }
    expect(heapalloc_good_size(SIZE_MAX) == 0);
    expect(heapalloc_good_size(SIZE_MAX / 2 + 1) == 0);
}

/* The memory behind a block decides whether it can grow; if the call succeeds, all bytes are usable. */
CASE(a_block_that_expands_keeps_its_place_and_contents) {
    size_t grown = 0;
    expect(!heapalloc_try_expand(NULL, 1));
    for (size_t size = 1; size < 8u << 20; size = next_size(size)) {
        unsigned char *block = malloc(size), *neighbour = malloc(size);
        expect(block && neighbour);
        memset(block, 0x5a, size);
        memset(neighbour, 0x77, size);
        if (size & 1) free(neighbour);
        for (size_t wish = size; wish < size * 3; wish += 1 + size / 7) {
            size_t before = malloc_usable_size(block);
            bool done = heapalloc_try_expand(block, wish);
            expect_at(size, wish, done);
            expect(!done || malloc_usable_size(block) >= wish);
            expect(done || malloc_usable_size(block) == before);
            expect(!done ? wish > before : true);
            expect(malloc_usable_size(block) >= before);
            grown += done && wish > before;
            if (done) memset(block + size, 0x11, wish - size);
        }
        for (size_t i = 0; i < size; i += 1 + size / 100) expect(block[i] == 0x5a);
        if (!(size & 1)) {
            for (size_t i = 0; i < size; i += 1 + size / 100) expect(neighbour[i] == 0x77);
            free(neighbour);
        }
        expect(!heapalloc_try_expand(block, SIZE_MAX) && !heapalloc_try_expand(block, SIZE_MAX / 2));
        free(block);
    }
    expect(grown > 10);
    expect(!heapalloc_verify());
}

CASE(batches_of_any_size_are_allocated_and_freed) {
    enum { MOST = 1000 };
    static void *blocks[MOST];
    expect(heapalloc_alloc_many(10, NULL, 0) == 0);
    for (size_t size = 0; size < 100000; size = size * 3 + 1)
        for (size_t count = 1; count <= MOST; count = count * 4 + 1) {
            if (count > MOST) count = MOST;
            expect_at(size, count, 0);
            expect(heapalloc_alloc_many(size, blocks, count) == count);
            for (size_t i = 0; i < count; i++) memset(blocks[i], (int)i, size);
            for (size_t i = 0; i < count && size; i++) expect(((unsigned char *)blocks[i])[size - 1] == (i & 0xff));
            blocks[count / 2] = (free(blocks[count / 2]), NULL);
            heapalloc_free_many(blocks, count);
        }
    heapalloc_free_many(NULL, 0);
    errno = 0;
    expect(heapalloc_alloc_many(SIZE_MAX / 2, blocks, 3) == 0 && errno == ENOMEM);
    expect(!heapalloc_verify());
}

CASE(offsets_are_aligned) {
    static void *held[4000];
    size_t count = 0;
    for (size_t align = 1; align <= 1 << 20; align *= 4)
        for (size_t offset = 0; offset < 3 * align && offset < 100000; offset = offset * 2 + 1 + offset / 3)
            for (size_t size = 0; size < 70000; size = size * 9 + 5) {
                char *block = heapalloc_alloc_at(size, align, offset);
                expect_at(size, align, offset);
                expect(block && ((uintptr_t)block + offset) % align == 0);
                memset(block, 0x33, size);
                if (count < 4000)
                    held[count++] = block;
                else
                    heapalloc_free_at(block);
            }
    while (count > 0) heapalloc_free_at(held[--count]);
    heapalloc_free_at(NULL);
    errno = 0;
    expect(!heapalloc_alloc_at(10, 24, 0) && errno == EINVAL);
    expect(!heapalloc_alloc_at(10, 0, 0) && errno == EINVAL);
    errno = 0;
    expect(!heapalloc_alloc_at(SIZE_MAX - 10, 64, 8) && errno == ENOMEM);
    errno = 0;
    expect(!heapalloc_alloc_at(10, SIZE_MAX / 2 + 1, 8) && errno == ENOMEM);
    expect(!heapalloc_verify());
}

CASE(reserved_memory_needs_no_more_of_the_system) {
    struct heapalloc_stats before, after;
    for (size_t bytes = 1; bytes <= 256u << 20; bytes *= 16) {
        expect_at(bytes, 0, 0);
        expect(heapalloc_reserve(bytes));
        expect(heapalloc_stats(&before));
        expect(before.free_dirty_bytes + before.free_clean_bytes >= bytes);
        void *block = malloc(bytes / 2);
        expect(block && heapalloc_stats(&after) && after.mapped_bytes == before.mapped_bytes);
        free(block);
    }
    errno = 0;
    expect(!heapalloc_reserve(SIZE_MAX) && errno == ENOMEM);
    expect(heapalloc_reserve(0));
    expect(!heapalloc_verify());
}

CASE(a_limit_holds_for_what_is_reserved) {
    expect(heapalloc_option_set("limit", "64M"));
    errno = 0;
    expect(!heapalloc_reserve(100u << 20) && errno == ENOMEM);
    expect(heapalloc_reserve(16u << 20));
    expect(!heapalloc_verify());
}

/* An idle thread leaves its free blocks to others: they need no more memory than it had. */
enum { REST_BLOCKS = 20000, REST_BYTES = 480 };
static pthread_barrier_t rest;
static void *resting(void *idles) {
    static void *blocks[REST_BLOCKS];
    for (int i = 0; i < REST_BLOCKS; i++) blocks[i] = memset(malloc(REST_BYTES), 1, REST_BYTES);
    for (int i = 0; i < REST_BLOCKS; i++) free(blocks[i]);
    if (idles) heapalloc_thread_idle();
    pthread_barrier_wait(&rest);
    pthread_barrier_wait(&rest);
    for (int i = 0; i < 1000; i++) free(hide(malloc((size_t)i * 7))); /* it still serves */
    if (idles) heapalloc_thread_idle(), heapalloc_thread_idle();
    free(hide(malloc(100)));
    return NULL;
}
CASE(a_resting_thread_keeps_nothing_from_others) {
    struct heapalloc_stats stats;
    pthread_t thread;
    heapalloc_thread_idle(); /* before anything was allocated */
    pthread_barrier_init(&rest, NULL, 2);
    expect(pthread_create(&thread, NULL, resting, &rest) == 0);
    pthread_barrier_wait(&rest);
    expect(heapalloc_stats(&stats));
    expect_at(stats.used_bytes, 0, 0);
    expect(stats.used_bytes < 1 << 20); /* of nearly ten MiB that it had */
    expect(!heapalloc_verify());
    pthread_barrier_wait(&rest);
    pthread_join(thread, NULL);
    expect(!heapalloc_verify());
}

/* Each misuse ends a child with one sentence that begins with the function's name. */
static void ends_with(const char *sentence, void (*misuse)(void)) {
    char text[500] = {0};
    int pipe_ends[2], status;
    expect(pipe(pipe_ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], 2);
        misuse();
        _exit(0);
    }
    close(pipe_ends[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(pipe_ends[0], text + length, sizeof(text) - 1 - length)) > 0;) length += (size_t)got;
    expect(waitpid(child, &status, 0) == child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !strstr(text, sentence)) fprintf(stderr, "%s\n", text);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    expect(strstr(text, sentence) != NULL);
    close(pipe_ends[0]);
}
static void free_at_of_malloc(void) {
    heapalloc_free_at(hide(malloc(100)));
}
static void free_at_twice(void) {
    char *block = heapalloc_alloc_at(100, 64, 8);
    heapalloc_free_at(block);
    heapalloc_free_at(hide(block));
}
static void free_at_of_the_stack(void) {
    char place[64];
    heapalloc_free_at(hide(place + 32));
}
static void free_of_placed(void) {
    free(hide(heapalloc_alloc_at(100, 64, 8)));
}
static void expand_of_the_stack(void) {
    char place[64];
    heapalloc_try_expand(hide(place), 100);
}
static void expand_of_the_middle(void) {
    heapalloc_try_expand((char *)hide(malloc(100000)) + 512, 200000);
}
static void expand_of_free(void) {
    void *block = malloc(50000), *volatile held = malloc(50000);
    free(block);
    heapalloc_try_expand(hide(block), 60000);
    free(held);
}
static void many_without_room(void) {
    heapalloc_alloc_many(10, NULL, 1);
}
static void many_without_list(void) {
    heapalloc_free_many(NULL, 1);
}
static void many_with_a_wrong_one(void) {
    void *blocks[] = {malloc(10), (char *)malloc(20000) + 16};
    heapalloc_free_many(blocks, 2);
}
CASE(misuse_ends_with_a_sentence) {
    ends_with("heapalloc_free_at(): ", free_at_of_malloc);
    ends_with("is no used block of heapalloc_alloc_at()", free_at_twice);
    ends_with("is no used block of heapalloc_alloc_at()", free_at_of_the_stack);
    ends_with("free(): ", free_of_placed);
    ends_with("heapalloc_try_expand(): ", expand_of_the_stack);
    ends_with("heapalloc_try_expand(): ", expand_of_the_middle);
    ends_with("heapalloc_try_expand(): ", expand_of_free);
    ends_with("is no room for blocks", many_without_room);
    ends_with("is no list of blocks", many_without_list);
    ends_with("free(): ", many_with_a_wrong_one);
}

/* In the hardened build a block that grew has its canary at its new end. */
static void overflow_after_growth(void) {
    for (size_t size = 5000; size < 200000; size += 5000) {
        char *block = malloc(size);
        size_t before = malloc_usable_size(block);
        if (!heapalloc_try_expand(block, size * 2)) continue;
        if (malloc_usable_size(block) == before) continue;
        block[malloc_usable_size(block)] ^= 1;
        free(hide(block));
    }
}
CASE(a_canary_moves_with_the_end) {
    if (is_hardened()) ends_with("free(): ", overflow_after_growth);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
