/* A table of blocks under sharded locks, with sizes as in servers: most blocks are small, most bytes are in the others.
 * */
/* SPDX-License-Identifier: MIT */
#include "store.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SHARDS = 64, TEMPORARY_BLOCKS = 8, PAGE_BYTES = 4096 };

struct slot {
    void *block;
    size_t size_bytes;
};

static struct slot *slots;
static size_t slot_mask;
static atomic_size_t live_bytes;
static struct { _Alignas(64) pthread_mutex_t mutex; } shards[SHARDS];

static uint32_t next(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545F4914F6CDD1Dull) >> 32);
}

/* 80 % to 256 B, 16 % to 2 KiB, 3.5 % to 32 KiB, 0.5 % to 512 KiB. */
static size_t draw_size(uint64_t *random) {
    uint32_t kind = next(random) % 200, scale = next(random);
    if (kind < 160) return 16 + scale % 241;
    if (kind < 192) return 256 + scale % 1793;
    return kind < 199 ? 2048 + scale % 30721 : 32768 + scale % 491521;
}

/* A server writes received data into its blocks. */
static void *fill(size_t size_bytes) {
    void *block = malloc(size_bytes);
    if (!block) abort();
    memset(block, 0x5a, size_bytes);
    return block;
}

void store_open(size_t slot_count) {
    size_t bytes = slot_count * sizeof *slots;
    slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (slots == MAP_FAILED) abort();
    slot_mask = slot_count - 1;
    for (size_t i = 0; i < SHARDS; i++) pthread_mutex_init(&shards[i].mutex, NULL);
}

/* Replace the slot's block by one of `size_bytes`, 0 for none; the old block is freed outside the lock. */
static void exchange(size_t index, size_t size_bytes, int only_when_empty) {
    struct slot fresh = {size_bytes ? fill(size_bytes) : NULL, size_bytes}, old = fresh;
    pthread_mutex_t *mutex = &shards[index % SHARDS].mutex;
    pthread_mutex_lock(mutex);
    if (!only_when_empty || !slots[index].block) {
        old = slots[index];
        slots[index] = fresh;
        atomic_fetch_add_explicit(&live_bytes, fresh.size_bytes - old.size_bytes, memory_order_relaxed);
    }
    pthread_mutex_unlock(mutex);
    free(old.block);
}

void store_replace(uint64_t *random) {
    size_t index = next(random) & slot_mask;
    if (slots[index].block) exchange(index, draw_size(random), 0);
}

void store_add(uint64_t *random) {
    exchange(next(random) & slot_mask, draw_size(random), 1);
}

void store_drop(uint64_t *random) {
    exchange(next(random) & slot_mask, 0, 0);
}

size_t store_live_bytes(void) {
    return atomic_load_explicit(&live_bytes, memory_order_relaxed);
}

static int by_number(const void *left, const void *right) {
    uintptr_t a = *(const uintptr_t *)left, b = *(const uintptr_t *)right;
    return (a > b) - (a < b);
}

static void lock_all(int (*step)(pthread_mutex_t *)) {
    for (size_t i = 0; i < SHARDS; i++) step(&shards[i].mutex);
}

size_t store_page_bytes(void) {
    lock_all(pthread_mutex_lock);
    size_t most = 0, count = 0, different = 0;
    for (size_t i = 0; i <= slot_mask; i++) most += slots[i].block ? slots[i].size_bytes / PAGE_BYTES + 2 : 0;
    size_t bytes = (most + 1) * sizeof(uintptr_t);
    uintptr_t *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) abort();
    for (size_t i = 0; i <= slot_mask; i++) {
        uintptr_t at = (uintptr_t)slots[i].block, end = at + slots[i].size_bytes;
        for (uintptr_t page = at / PAGE_BYTES; at && page * PAGE_BYTES < end; page++) pages[count++] = page;
    }
    lock_all(pthread_mutex_unlock);
    qsort(pages, count, sizeof *pages, by_number);
    for (size_t i = 0; i < count; i++) different += i == 0 || pages[i] != pages[i - 1];
    munmap(pages, bytes);
    return different * PAGE_BYTES;
}

void store_request(uint64_t *random) {
    void *blocks[TEMPORARY_BLOCKS];
    for (size_t i = 0; i < TEMPORARY_BLOCKS; i++) blocks[i] = fill(16 + next(random) % (i == 0 ? 4000 : 300));
    for (size_t i = 0; i < TEMPORARY_BLOCKS; i++) free(blocks[i]);
}
