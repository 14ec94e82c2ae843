/* Sixty-four threads that allocate, fill, hand on, check and free each other's blocks. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, ROUNDS = 3000, SLOTS = 16, SIZE_MAX_BYTES = 6000 };

struct parcel {
    size_t size_bytes;
    unsigned char fill;
    unsigned char bytes[];
};

/* Each slot is exchanged atomically: a block is freed by whoever picks it up. */
static _Atomic(struct parcel *) slots[THREADS][SLOTS];
static atomic_ulong checked_parcels;

static struct parcel *parcel_make(unsigned seed) {
    size_t size_bytes = seed % 17 == 0 ? seed % (40 * SIZE_MAX_BYTES) : seed % SIZE_MAX_BYTES;
    struct parcel *parcel = malloc(sizeof *parcel + size_bytes);
    if (!parcel) abort();
    parcel->size_bytes = size_bytes;
    parcel->fill = (unsigned char)seed;
    memset(parcel->bytes, parcel->fill, size_bytes);
    return parcel;
}

static void parcel_check_and_free(struct parcel *parcel) {
    if (!parcel) return;
    for (size_t i = 0; i < parcel->size_bytes; i += 61)
        if (parcel->bytes[i] != parcel->fill) abort();
    free(parcel);
    atomic_fetch_add(&checked_parcels, 1);
}

static void *exchange(void *argument) {
    size_t self = (size_t)argument;
    unsigned seed = (unsigned)self * 2654435761u + 1;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t neighbour = (self + (seed >> 8) % 4) % THREADS;
        struct parcel *given = parcel_make(seed >> 4);
        parcel_check_and_free(atomic_exchange(&slots[neighbour][(seed >> 12) % SLOTS], given));
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, exchange, (void *)i) != 0) return 1;
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        for (size_t k = 0; k < SLOTS; k++) parcel_check_and_free(slots[i][k]);
    printf("%lu parcels\n", atomic_load(&checked_parcels));
    return 0;
}
