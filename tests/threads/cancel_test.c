/* Cancellation: the malloc family has no cancellation point, and a cancelled thread leaves the allocator consistent. */
/* SPDX-License-Identifier: MIT */
#include "team.h"

static atomic_int stop, survived;

static void take_and_give_some(uint64_t *random) {
    for (unsigned i = 0; i < 300; i++) parcel_give(parcel_take(parcel_size(random), i));
    free(realloc(malloc(3 << 20), 9 << 20));
    free(aligned_alloc(4096, 100000));
    free(calloc(100, 4000));
}

/* It is cancelled before it begins, and must nevertheless complete all of this. */
static void *work_while_cancelled(void *cancelled) {
    uint64_t random = 3;
    while (!atomic_load((atomic_int *)cancelled))
        ;
    for (unsigned i = 0; i < 20; i++) take_and_give_some(&random);
    atomic_fetch_add(&survived, 1);
    pthread_testcancel();
    expect(!"cancelled here");
    return NULL;
}

static void *contend(void *index) {
    uint64_t random = (uintptr_t)index + 5;
    while (!atomic_load(&stop)) take_and_give_some(&random);
    return NULL;
}

CASE(no_call_is_a_cancellation_point) {
    struct team team;
    team_start(&team, 3, contend);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *result = NULL;
        atomic_int cancelled = 0;
        expect(pthread_create(&thread, NULL, work_while_cancelled, &cancelled) == 0);
        expect(pthread_cancel(thread) == 0);
        atomic_store(&cancelled, 1);
        expect(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
        expect(atomic_load(&survived) == i + 1);
    }
    atomic_store(&stop, 1);
    team_join(&team);
}

static void give_in_cleanup(void *parcel) {
    parcel_give(parcel);
    parcel_give(parcel_take(2000, 8));
}

/* Cancelled at a cancellation point of its own, with blocks that cleanup handlers free. */
static void *wait_for_cancel(void *index) {
    uint64_t random = (uintptr_t)index + 1;
    struct parcel *first = parcel_take(parcel_size(&random), 1);
    struct parcel *second = parcel_take(parcel_size(&random), 2);
    pthread_cleanup_push(give_in_cleanup, first);
    pthread_cleanup_push(give_in_cleanup, second);
    for (;;) {
        take_and_give_some(&random);
        pthread_testcancel();
    }
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
    return NULL;
}

CASE(cancelled_threads_clean_up) {
    for (unsigned round = 0; round < 30; round++) {
        struct team team;
        team_start(&team, 6, wait_for_cancel);
        for (unsigned i = 0; i < 6; i++) expect(pthread_cancel(team.threads[i]) == 0);
        team_join(&team);
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
