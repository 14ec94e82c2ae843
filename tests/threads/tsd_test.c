/* Destructors of thread-specific data allocate and free in all rounds, on keys made before and
 * after the allocator's. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <limits.h>

enum { KEYS_BEFORE = 6, KEYS_AFTER = 60, KEYS = KEYS_BEFORE + KEYS_AFTER };

static pthread_key_t keys[KEYS];
static atomic_long destructor_calls;

/* A key's value: how often the destructor has run for it, and a block. */
struct value {
    pthread_key_t key;
    unsigned rounds;
    struct parcel *parcel;
};

/* Sets its key again in every round, and allocates and frees each time, in the last one too. */
static void destroy(void *argument) {
    struct value *value = argument;
    atomic_fetch_add(&destructor_calls, 1);
    parcel_give(value->parcel);
    value->parcel = parcel_take(100 + value->rounds * 700, value->rounds);
    parcel_give(parcel_take(3000, 9));
    if (++value->rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        expect(pthread_setspecific(value->key, value) == 0);
    } else {
        parcel_give(value->parcel);
        free(value);
    }
}

/* Keys from 32 on make pthread_setspecific allocate; the first KEYS_BEFORE exist before the first
 * malloc. */
__attribute__((constructor)) static void make_keys_before(void) {
    for (unsigned i = 0; i < KEYS_BEFORE; i++) expect(pthread_key_create(&keys[i], destroy) == 0);
}

static void make_keys_after(void) {
    free(malloc(100));
    for (unsigned i = KEYS_BEFORE; i < KEYS; i++) expect(pthread_key_create(&keys[i], destroy) == 0);
}

static struct value *new_value(unsigned key) {
    struct value *value = malloc(sizeof *value);
    *value = (struct value){keys[key], 0, parcel_take(200, 4)};
    return value;
}

static void *use_keys(void *step) {
    for (unsigned i = 0; i < KEYS; i += (unsigned)(uintptr_t)step)
        expect(pthread_setspecific(keys[i], new_value(i)) == 0);
    return NULL;
}

/* The thread's first call of the malloc family is made by libc inside pthread_setspecific. */
static void *high_key_first(void *value) {
    expect(pthread_setspecific(keys[KEYS - 1], value) == 0);
    return NULL;
}

CASE(all_rounds_of_all_keys) {
    make_keys_after();
    for (unsigned i = 0; i < 200; i++) {
        run_in_thread(use_keys, (void *)1);
        run_in_thread(high_key_first, new_value(KEYS - 1));
    }
    expect_at(atomic_load(&destructor_calls), 0, 0);
    expect(atomic_load(&destructor_calls) == 200 * (KEYS + 1) * PTHREAD_DESTRUCTOR_ITERATIONS);
}

/* Allocation in the last round must not create a heap that is never given up: 5000 threads would show it. */
CASE(no_thread_leaves_anything_behind) {
    make_keys_after();
    for (unsigned i = 0; i < 500; i++) run_in_thread(use_keys, (void *)7);
    size_t early = resident_bytes();
    for (unsigned i = 0; i < 4500; i++) run_in_thread(use_keys, (void *)7);
    expect_at(early, resident_bytes(), 0);
    expect(resident_bytes() < early + (3u << 20));
}

static _Atomic(struct parcel *) left_behind[64];

static void leave_behind(void *argument) {
    struct value *value = argument;
    parcel_give(atomic_exchange(&left_behind[value->rounds], parcel_take(500, 1)));
    if (++value->rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
        expect(pthread_setspecific(value->key, value) == 0);
    else
        free(value);
}

static void *leave_value(void *key) {
    struct value *value = calloc(1, sizeof *value);
    value->key = *(pthread_key_t *)key;
    expect(pthread_setspecific(value->key, value) == 0);
    return NULL;
}

/* Blocks allocated in a destructor are freed by the destructor of another thread. */
CASE(destructors_free_what_dead_threads_took) {
    pthread_key_t key;
    expect(pthread_key_create(&key, leave_behind) == 0);
    for (unsigned i = 0; i < 2000; i++) run_in_thread(leave_value, &key);
    for (unsigned i = 0; i < 64; i++) parcel_give(left_behind[i]);
}

/* A thread whose only calls of the malloc family are in a destructor. */
static void take_and_give(void *unused) {
    (void)unused;
    parcel_give(parcel_take(1000, 3));
}

static void *only_set(void *key) {
    expect(pthread_setspecific(*(pthread_key_t *)key, key) == 0);
    return NULL;
}

CASE(first_call_of_a_thread_is_in_a_destructor) {
    pthread_key_t key;
    expect(pthread_key_create(&key, take_and_give) == 0);
    run_in_thread(only_set, &key);
    size_t early = resident_bytes();
    for (unsigned i = 0; i < 3000; i++) run_in_thread(only_set, &key);
    expect_at(early, resident_bytes(), 0);
    expect(resident_bytes() < early + (3u << 20));
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
