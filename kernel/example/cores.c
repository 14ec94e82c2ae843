/* Several cores over one heap: each allocates, resizes and frees its own blocks and those that others leave to it, and
 * checks what they hold. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heap.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RAM_BYTES = 4 << 20, CORES = 4, STEPS = 25000, SHELVES = 512, SIZE_MOST = 3000 };

static char ram[RAM_BYTES];

/* A block on a shelf belongs to whoever takes it from there. */
struct parcel {
    uint32_t size, mark;
};
static struct parcel *shelves[SHELVES];
static uint32_t faults;

static void fill(struct parcel *parcel, uint32_t size) {
    *parcel = (struct parcel){size, size * 7};
    memset(parcel + 1, (int)(size & 255), size - sizeof *parcel);
}

static void check(const struct parcel *parcel, uint32_t bytes) {
    const unsigned char *at = (const unsigned char *)(parcel + 1);
    uint32_t wrong = parcel->mark != parcel->size * 7;
    for (uint32_t i = 0; i < bytes - sizeof *parcel; i++) wrong |= at[i] != (parcel->size & 255);
    if (wrong) __atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

static uint32_t next(uint32_t *seed) {
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 8;
}

static struct parcel *resized(struct parcel *parcel, uint32_t size) {
    uint32_t had = parcel->size;
    struct parcel *moved = heap_realloc(parcel, size);
    if (!moved) return parcel;
    check(moved, had < size ? had : size);
    fill(moved, size);
    return moved;
}

static void *core(void *argument) {
    uint32_t seed = (uint32_t)(uintptr_t)argument;
    for (int step = 0; step < STEPS; step++) {
        uint32_t size = 16 + next(&seed) % SIZE_MOST;
        struct parcel *mine = step % 8 ? heap_alloc(size) : heap_alloc_aligned(size, 256);
        if (mine) fill(mine, size);
        struct parcel *other = __atomic_exchange_n(&shelves[next(&seed) % SHELVES], mine, __ATOMIC_ACQ_REL);
        if (!other) continue;
        check(other, other->size);
        if (step % 4 == 0) other = resized(other, 16 + next(&seed) % SIZE_MOST);
        heap_free(other);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[CORES];
    if (!heap_init(ram, RAM_BYTES)) return 1;
    for (uintptr_t i = 0; i < CORES; i++)
        if (pthread_create(&threads[i], NULL, core, (void *)(i + 1))) return 1;
    for (int i = 0; i < CORES; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < SHELVES; i++) {
        if (shelves[i]) check(shelves[i], shelves[i]->size);
        heap_free(shelves[i]);
    }
    void *most = heap_alloc(RAM_BYTES / 2); /* all of it has merged */
    printf("cores: %u faults, %s\n", faults, most ? "whole" : "in pieces");
    printf("cores: %s\n", faults == 0 ? "PASS" : "FAIL");
    return faults != 0;
}
