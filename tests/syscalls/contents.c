/* A program that knows the contents of its blocks: it goes on when memory is refused, and ends with 1 if a byte is
 * wrong, a refusal does not set errno, or a failed realloc loses its block. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* When there is no memory any more it is enough to ask so often. */
enum { REFUSALS_MAX = 300 };
static atomic_long refusals;

static _Noreturn void wrong(const char *what, size_t size) {
    fprintf(stderr, "wrong: %s, %zu bytes\n", what, size);
    _exit(1);
}

struct slot {
    unsigned char *block;
    size_t size;
    unsigned char mark;
};

/* Marks the start, the end, and a byte of each 16 KiB between. */
static void mark(struct slot *slot, unsigned char with) {
    slot->mark = with;
    for (size_t i = 0; i < slot->size; i += 16384) slot->block[i] = with;
    slot->block[slot->size - 1] = with;
}

static void check(const struct slot *slot, size_t bytes, const char *what) {
    for (size_t i = 0; i < bytes; i += 16384)
        if (slot->block[i] != slot->mark) wrong(what, slot->size);
}

static void drop(struct slot *slot) {
    if (!slot->block) return;
    check(slot, slot->size, "a byte before free");
    if (slot->block[slot->size - 1] != slot->mark) wrong("the last byte before free", slot->size);
    free(slot->block);
    slot->block = NULL;
}

static void *got(void *block, size_t size) {
    if (block) return block;
    if (errno != ENOMEM) wrong("errno of a refusal", size);
    refusals++;
    return NULL;
}

static void take(struct slot *slot, size_t size, unsigned how, unsigned char with) {
    drop(slot);
    if (refusals > REFUSALS_MAX) return;
    errno = 0;
    slot->size = size;
    slot->block = got(how == 0 ? calloc(1, size) : how == 1 ? memalign(4096 << with % 10, size) : malloc(size), size);
    if (!slot->block) return;
    if (how == 0)
        for (size_t i = 0; i < size; i += 509)
            if (slot->block[i]) wrong("calloc is not zero", size);
    mark(slot, with);
}

static void resize(struct slot *slot, size_t size) {
    if (!slot->block) return take(slot, size, 2, slot->mark + 1);
    if (refusals > REFUSALS_MAX) return;
    errno = 0;
    unsigned char *block = got(realloc(slot->block, size), size);
    size_t kept = size < slot->size ? size : slot->size;
    if (block) *slot = (struct slot){block, size, slot->mark};
    check(slot, block ? kept : slot->size, block ? "a byte after realloc" : "a byte after a realloc that failed");
    mark(slot, slot->mark + 1);
}

static unsigned next(unsigned *seed) {
    return (*seed = *seed * 1103515245 + 12345) >> 8;
}

/* Blocks of all sizes up to 2^bits are allocated, grow, shrink and are freed. */
static void mix(struct slot *slots, unsigned count, unsigned rounds, unsigned bits, unsigned seed) {
    for (unsigned round = 0; round < rounds; round++) {
        struct slot *slot = &slots[next(&seed) % count];
        size_t size = (next(&seed) & ((1u << (next(&seed) % bits + 1)) - 1)) + 1;
        if (next(&seed) % 4 == 0)
            resize(slot, size);
        else
            take(slot, size, next(&seed) % 8, (unsigned char)round);
    }
    for (unsigned i = 0; i < count; i++) drop(&slots[i]);
}

/* Blocks that grow in turn, so that they are in each other's way and are moved. */
static void grow_in_turn(size_t to) {
    struct slot slots[6] = {0};
    for (size_t size = 100000; size < to; size += size / 3)
        for (unsigned i = 0; i < 6; i++) resize(&slots[i], size + i * 4096);
    for (unsigned i = 0; i < 6; i++) resize(&slots[i], 1000 + i);
    for (unsigned i = 0; i < 6; i++) drop(&slots[i]);
}

static void *in_thread(void *seed) {
    struct slot slots[200] = {0};
    mix(slots, 200, 4000, 16, (unsigned)(uintptr_t)seed);
    mix(slots, 8, 60, 22, (unsigned)(uintptr_t)seed);
    return NULL;
}

static void in_threads(void) {
    pthread_t threads[3];
    int started[3];
    for (size_t i = 0; i < 3; i++) started[i] = pthread_create(&threads[i], NULL, in_thread, (void *)(i + 1)) == 0;
    for (size_t i = 0; i < 3; i++)
        if (started[i]) pthread_join(threads[i], NULL);
}

/* More address space than one step of the heap, sparsely touched. */
static void spread(void) {
    struct slot slots[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        slots[i].size = (size_t)1 << (28 + 2 * i);
        slots[i].block = got(malloc(slots[i].size), slots[i].size);
        if (!slots[i].block) continue;
        slots[i].block[0] = slots[i].block[slots[i].size - 1] = 9;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (slots[i].block && slots[i].block[slots[i].size - 1] != 9) wrong("the end of a long block", slots[i].size);
        free(slots[i].block);
    }
}

static void in_child(void) {
    static struct slot slots[100];
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        mix(slots, 100, 2000, 18, 99);
        _exit(0);
    }
    if (child > 0 && (waitpid(child, &status, 0) != child || status != 0)) wrong("the child's end", (size_t)status);
}

int main(void) {
    static struct slot slots[1000];
    mix(slots, 1000, 10000, 13, 1);
    mix(slots, 60, 600, 22, 2);
    grow_in_turn(24u << 20);
    malloc_trim(0);
    spread();
    mix(slots, 30, 300, 22, 3);
    malloc_trim(0);
    in_threads();
    in_child();
    grow_in_turn(8u << 20);
    fprintf(stderr, "%ld refusals\n", (long)refusals);
    puts("all bytes are right");
    return 0;
}
