/* realloc of large blocks: how many mappings, how much memory and address space it takes, and that no block is lost
 * when the system refuses. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { BLOCKS = 60, MAPPINGS_MAX = 64 + 1 };
#define MIB ((size_t)1 << 20)

static size_t field_kib(const char *file, const char *name) {
    static char text[8192];
    int fd = open(file, O_RDONLY);
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    const char *at = strstr(text, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

struct blocks {
    unsigned char *at[BLOCKS];
    size_t size[BLOCKS];
    uint64_t random;
};

static uint64_t draw(uint64_t *random) {
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 24;
}

/* Each block's first and last byte identify it. */
static void resize_one(struct blocks *blocks, size_t least, size_t most) {
    unsigned k = draw(&blocks->random) % BLOCKS;
    unsigned char *p = blocks->at[k], mark = (unsigned char)(k + 1);
    if (p) expect(p[0] == mark && p[blocks->size[k] - 1] == mark);
    if (draw(&blocks->random) % 5 == 0) {
        free(p);
        blocks->at[k] = NULL;
        return;
    }
    size_t size = least + draw(&blocks->random) % (most - least);
    unsigned char *now = realloc(p, size);
    if (!now) return;
    expect(now[0] == mark || !p);
    now[0] = now[size - 1] = mark;
    blocks->at[k] = now;
    blocks->size[k] = size;
}

static void drop(struct blocks *blocks) {
    for (int k = 0; k < BLOCKS; k++) free(blocks->at[k]);
}

CASE(mappings_stay_few) {
    struct blocks blocks = {.random = 1};
    for (int i = 0; i < 40000; i++) {
        resize_one(&blocks, MIB / 4, 4 * MIB);
        if (i % 1000 != 999) continue;
        expect_at(i, mappings(), 0);
        expect(mappings() <= MAPPINGS_MAX);
    }
    drop(&blocks);
}

static void *resize_many(void *seed) {
    struct blocks blocks = {.random = (uintptr_t)seed};
    for (int i = 0; i < 3000; i++) resize_one(&blocks, MIB / 4, MIB * 3 / 2);
    drop(&blocks);
    return NULL;
}

/* A thread's stack and its guard are two mappings. */
CASE(mappings_stay_few_with_eight_threads) {
    pthread_t threads[8];
    for (uintptr_t i = 0; i < 8; i++) expect(pthread_create(&threads[i], NULL, resize_many, (void *)(i + 1)) == 0);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    expect_at(mappings(), 0, 0);
    expect(mappings() <= MAPPINGS_MAX + 16);
}

/* A sparsely touched block does not become resident by growing, whether it is moved or copied. */
CASE(untouched_parts_stay_untouched) {
    enum { COUNT = 40 };
    unsigned char *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) expect((blocks[i] = malloc(2 * MIB)) != NULL);
    for (size_t mib = 3; mib <= 12; mib++)
        for (int i = 0; i < COUNT; i++) {
            expect((blocks[i] = realloc(blocks[i], mib * MIB)) != NULL);
            blocks[i][0] = blocks[i][mib * MIB - 1] = 1;
        }
    size_t peak = field_kib("/proc/self/status", "VmHWM:");
    expect_at(peak, 0, 0);
    expect(peak < 32 * 1024);
}

/* Grow block `k` by half, up to 64 MiB, with a byte at each end. Not 0: its address has changed. */
static int grow_by_half(struct blocks *blocks, unsigned k) {
    unsigned char *p = blocks->at[k], mark = (unsigned char)(k + 1);
    size_t size = blocks->size[k] + blocks->size[k] / 2;
    if (size > 64 * MIB) size = 64 * MIB;
    unsigned char *now = realloc(p, size);
    expect(now != NULL && now[0] == mark && now[blocks->size[k] - 1] == mark);
    expect(malloc_usable_size(now) >= size);
    now[size - 1] = mark;
    blocks->at[k] = now;
    blocks->size[k] = size;
    return now != p;
}

/* Each block grows eleven times. Without room of its own each time is a copy, as neighbours take the memory behind it.
 * */
CASE(blocks_that_grow_in_turn_are_seldom_copied) {
    struct blocks blocks = {.random = 3};
    unsigned grown = 0, changes = 0;
    for (unsigned k = 0; k < BLOCKS; k++) {
        blocks.size[k] = MIB;
        expect((blocks.at[k] = malloc(MIB)) != NULL);
        blocks.at[k][0] = blocks.at[k][MIB - 1] = (unsigned char)(k + 1);
    }
    while (grown < BLOCKS) {
        unsigned k = draw(&blocks.random) % BLOCKS;
        if (blocks.size[k] == 64 * MIB) continue;
        changes += grow_by_half(&blocks, k);
        grown += blocks.size[k] == 64 * MIB;
    }
    expect_at(changes, mappings(), 0);
    expect(changes <= 5 * BLOCKS);
    expect(mappings() <= MAPPINGS_MAX + 16);
    drop(&blocks);
}

/* A block with room behind it gives the room back when it shrinks, and the room is not part of its contents. */
CASE(room_to_grow_is_given_back_by_shrinking) {
    struct blocks blocks = {.random = 5};
    for (unsigned k = 0; k < BLOCKS; k++) {
        blocks.size[k] = 4 * MIB;
        expect((blocks.at[k] = malloc(4 * MIB)) != NULL);
        blocks.at[k][0] = blocks.at[k][4 * MIB - 1] = (unsigned char)(k + 1);
    }
    for (int step = 0; step < 2; step++)
        for (unsigned k = 0; k < BLOCKS; k++) grow_by_half(&blocks, k);
    for (unsigned k = 0; k < BLOCKS; k++) {
        expect((blocks.at[k] = realloc(blocks.at[k], 3 * MIB)) != NULL);
        expect(blocks.at[k][0] == (unsigned char)(k + 1) && malloc_usable_size(blocks.at[k]) < 4 * MIB);
    }
    drop(&blocks);
}

static void limit_to(int resource, size_t bytes) {
    struct rlimit limit;
    expect(getrlimit(resource, &limit) == 0);
    limit.rlim_cur = bytes;
    expect(setrlimit(resource, &limit) == 0);
}

/* A limit that is set while the program runs is below what is mapped, or just above it: no block is lost. */
static void lower_limits(int resource) {
    struct blocks blocks = {.random = 7};
    for (int i = 0; i < 600; i++) resize_one(&blocks, MIB / 4, 6 * MIB);
    size_t mapped = field_kib("/proc/self/status", "VmSize:") << 10;
    static const size_t limits[] = {16, 0, 1, 8, 64, 2, 32, 200};
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        limit_to(resource, i < 2 ? limits[i] * MIB : mapped + limits[i] * MIB);
        for (int k = 0; k < 600; k++) resize_one(&blocks, MIB / 4, 8 * MIB);
    }
    limit_to(resource, RLIM_INFINITY);
    for (int i = 0; i < 600; i++) resize_one(&blocks, MIB / 4, 8 * MIB);
    drop(&blocks);
}

CASE(lowered_address_space_loses_no_block) {
    lower_limits(RLIMIT_AS);
}

CASE(lowered_data_segment_loses_no_block) {
    lower_limits(RLIMIT_DATA);
}

static void *end_at_once(void *p) {
    return p;
}

enum order { IN_ORDER, BACKWARDS, EVERY_SECOND_FIRST };

static size_t nth(size_t i, size_t count, enum order order) {
    if (order == EVERY_SECOND_FIRST) return i < (count + 1) / 2 ? 2 * i : 2 * (i - (count + 1) / 2) + 1;
    return order == IN_ORDER ? i : count - 1 - i;
}

/* 3 of 4 GiB were the heap's, and are freed: the program can map them at once. */
static void give_addresses_back(size_t bytes, enum order order) {
    size_t count = ((size_t)3 << 30) / bytes;
    limit_to(RLIMIT_AS, (size_t)4 << 30);
    char **blocks = malloc(count * sizeof(*blocks));
    for (size_t i = 0; i < count; i++) expect((blocks[i] = malloc(bytes)) != NULL);
    for (size_t i = 0; i < count; i++) free(blocks[nth(i, count, order)]);
    void *own = mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(own != MAP_FAILED);
    munmap(own, (size_t)2 << 30);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)1800 << 20);
    expect(pthread_create(&thread, &attributes, end_at_once, NULL) == 0);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < count; i++) expect((blocks[i] = malloc(bytes)) != NULL);
}

CASE(freed_address_space_is_everybodys) {
    give_addresses_back(MIB, IN_ORDER);
}

CASE(freed_address_space_of_medium_blocks_is_everybodys) {
    give_addresses_back(30000, IN_ORDER);
}

CASE(freed_address_space_of_medium_blocks_is_everybodys_backwards) {
    give_addresses_back(30000, BACKWARDS);
}

CASE(freed_address_space_of_larger_medium_blocks_is_everybodys) {
    give_addresses_back(100000, EVERY_SECOND_FIRST);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
