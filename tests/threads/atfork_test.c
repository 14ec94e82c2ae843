/* Foreign fork handlers allocate, registered early by a library and late by the program, among busy threads. */
/* SPDX-License-Identifier: MIT */
#include "atfork_dso.h"
#include "team.h"

static atomic_int stop;
static _Atomic(struct parcel *) shared[500];
static unsigned late_calls;

static void *exchange(void *index) {
    uint64_t random = (uintptr_t)index * 1237 + 99;
    while (!atomic_load(&stop)) {
        struct parcel *mine = parcel_take(parcel_size(&random) / 4, (uint32_t)random);
        parcel_give(atomic_exchange(&shared[next_random(&random) % 500], mine));
    }
    return NULL;
}

static void allocate_late(void) {
    static uint64_t random = 3;
    late_calls++;
    for (unsigned i = 0; i < 200; i++) parcel_give(parcel_take(parcel_size(&random), i));
}

static void fork_often(unsigned forks) {
    for (unsigned i = 0; i < forks; i++) {
        unsigned before = atfork_calls(0), in_child = atfork_calls(2);
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            for (unsigned k = 0; k < 500; k++) parcel_give(atomic_exchange(&shared[k], NULL));
            _exit(atfork_calls(2) == in_child + 1 ? 0 : 1);
        }
        expect_child_well(child);
        expect(atfork_calls(0) == before + 1 && atfork_calls(1) == before + 1);
    }
}

CASE(handlers_of_a_library_allocate) {
    struct team team;
    fork_often(50);
    team_start(&team, 4, exchange);
    fork_often(200);
    atomic_store(&stop, 1);
    team_join(&team);
}

CASE(handlers_registered_late_allocate_too) {
    struct team team;
    team_start(&team, 3, exchange);
    for (unsigned i = 0; i < 60; i++) /* more than libc has static room for */
        expect(pthread_atfork(allocate_late, allocate_late, allocate_late) == 0);
    fork_often(30);
    expect(late_calls == 30 * 60 * 2);
    atomic_store(&stop, 1);
    team_join(&team);
}

/* The handlers run while threads inside the allocator wait for the forking one.
 */
static pthread_mutex_t held_over_fork = PTHREAD_MUTEX_INITIALIZER;

static void lock_and_allocate(void) {
    free(malloc(100));
    pthread_mutex_lock(&held_over_fork);
    free(malloc(100000));
}

static void allocate_and_unlock(void) {
    free(malloc(100000));
    pthread_mutex_unlock(&held_over_fork);
    free(malloc(100));
}

static void *allocate_under_lock(void *unused) {
    uint64_t random = 77;
    while (!atomic_load(&stop)) {
        pthread_mutex_lock(&held_over_fork);
        for (unsigned i = 0; i < 20; i++) parcel_give(parcel_take(parcel_size(&random), i));
        pthread_mutex_unlock(&held_over_fork);
    }
    return unused;
}

CASE(handlers_take_locks_under_which_others_allocate) {
    struct team team;
    expect(pthread_atfork(lock_and_allocate, allocate_and_unlock, allocate_and_unlock) == 0);
    team_start(&team, 4, allocate_under_lock);
    fork_often(200);
    atomic_store(&stop, 1);
    team_join(&team);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
