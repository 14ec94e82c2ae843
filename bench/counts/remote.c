/* A producer and a consumer that take turns; only one of them runs between the marks. */
/* SPDX-License-Identifier: MIT */
#include "remote.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

enum { WARM_ROUNDS = 10 };

struct relay {
    const struct op *op;
    bool count_free;   /* else the allocations count */
    sem_t full, empty; /* whose turn it is */
    void *blocks[REMOTE_BLOCKS];
};

static size_t blocks_of(const struct relay *relay) {
    size_t count = count_of(relay->op);
    return count < REMOTE_BLOCKS ? count : REMOTE_BLOCKS;
}

static size_t rounds_of(const struct relay *relay) {
    return WARM_ROUNDS + count_of(relay->op) / blocks_of(relay);
}

static void *consume(void *argument) {
    struct relay *relay = argument;
    size_t blocks = blocks_of(relay);
    for (size_t round = 0; round < rounds_of(relay); round++) {
        bool counted = relay->count_free && round >= WARM_ROUNDS;
        sem_wait(&relay->full);
        if (counted) count_begin();
        for (size_t i = 0; i < blocks; i++) calls.free(relay->blocks[i]);
        if (counted) count_end();
        sem_post(&relay->empty);
    }
    return NULL;
}

static void produce(struct relay *relay) {
    size_t blocks = blocks_of(relay);
    for (size_t round = 0; round < rounds_of(relay); round++) {
        bool counted = !relay->count_free && round >= WARM_ROUNDS;
        sem_wait(&relay->empty);
        if (counted) count_begin();
        for (size_t i = 0; i < blocks; i++) relay->blocks[i] = calls.malloc(relay->op->size_bytes);
        if (counted) count_end();
        sem_post(&relay->full);
    }
}

static void run_relay(const struct op *op, bool count_free) {
    static struct relay relay;
    pthread_t consumer;
    relay.op = op;
    relay.count_free = count_free;
    sem_init(&relay.full, 0, 0);
    sem_init(&relay.empty, 0, 1);
    if (pthread_create(&consumer, NULL, consume, &relay) != 0) abort();
    produce(&relay);
    pthread_join(consumer, NULL);
}

void run_remote_free(const struct op *op) {
    run_relay(op, true);
}

void run_remote_again(const struct op *op) {
    run_relay(op, false);
}
