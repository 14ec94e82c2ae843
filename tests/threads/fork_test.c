/* fork among busy threads: the child can allocate and free at once, with the blocks of every former thread. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <spawn.h>

enum { SHARED = 1000 };

static _Atomic(struct parcel *) shared[SHARED];
static atomic_int stop;

static void *exchange(void *index) {
    uint64_t random = (uintptr_t)index * 1237 + 99;
    while (!atomic_load(&stop)) {
        struct parcel *mine = parcel_take(parcel_size(&random) / 4, (uint32_t)random);
        parcel_give(atomic_exchange(&shared[next_random(&random) % SHARED], mine));
    }
    return NULL;
}

/* Frees every block of every thread, then works on; a hang is ended by the alarm. */
static void live_as_child(unsigned seed) {
    uint64_t random = seed + 1;
    alarm(60);
    for (unsigned i = 0; i < SHARED; i++) parcel_give(atomic_exchange(&shared[i], NULL));
    for (unsigned i = 0; i < 1000; i++) {
        struct parcel *mine = parcel_take(parcel_size(&random) / 4, i);
        parcel_give(atomic_exchange(&shared[next_random(&random) % 200], mine));
    }
    _exit(0);
}

static void fork_child(unsigned seed) {
    pid_t child = fork();
    if (child == 0) live_as_child(seed);
    expect_child_well(child);
}

CASE(parent_of_busy_threads_forks_500_times) {
    struct team team;
    team_start(&team, 4, exchange);
    for (unsigned i = 0; i < 500; i++) fork_child(i);
    atomic_store(&stop, 1);
    team_join(&team);
}

static void *fork_in_thread(void *index) {
    for (unsigned i = 0; i < 60; i++) fork_child((unsigned)(uintptr_t)index * 100 + i);
    return NULL;
}

CASE(several_threads_fork_at_once) {
    struct team team, forkers;
    team_start(&team, 2, exchange);
    team_start(&forkers, 3, fork_in_thread);
    team_join(&forkers);
    atomic_store(&stop, 1);
    team_join(&team);
}

/* The child of a threaded process starts threads itself, and they fork again. */
static void *fork_deeper(void *depth) {
    uintptr_t left = (uintptr_t)depth;
    uint64_t random = left + 3;
    for (unsigned i = 0; i < 300; i++)
        parcel_give(atomic_exchange(&shared[next_random(&random) % SHARED], parcel_take(parcel_size(&random) / 4, i)));
    if (left == 0) return NULL;
    pid_t child = fork();
    if (child == 0) {
        struct team team = {.count = 0};
        alarm(60);
        for (unsigned i = 0; i < 2; i++) team_add(&team, fork_deeper, (void *)(left - 1));
        team_join(&team);
        _exit(0);
    }
    expect_child_well(child);
    return NULL;
}

CASE(children_start_threads_and_fork_again) {
    struct team team = {.count = 0};
    for (unsigned i = 0; i < 3; i++) team_add(&team, fork_deeper, (void *)4);
    team_join(&team);
}

/* Threads start and end while the parent forks. */
static void *churn(void *unused) {
    while (!atomic_load(&stop)) run_in_thread(fork_deeper, (void *)0);
    return unused;
}

CASE(fork_while_threads_start_and_end) {
    struct team team;
    team_start(&team, 3, churn);
    for (unsigned i = 0; i < 200; i++) fork_child(i);
    atomic_store(&stop, 1);
    team_join(&team);
}

static volatile sig_atomic_t signals_left;
static timer_t next_signal;

/* The timer is set again after each fork. An interval shorter than a fork takes would have the next signal pending
 * whenever the handler returns, and what it interrupts would never go on. */
static void set_timer(void) {
    struct itimerspec once = {.it_value = {0, 2000000}};
    timer_settime(next_signal, 0, &once, NULL);
}

static void fork_in_handler(int signal) {
    (void)signal;
    int kept = errno;
    pid_t child = fork();
    if (child == 0) _exit(0);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        ;
    if (child < 0 || status != 0) _exit(9);
    if (--signals_left > 0) set_timer();
    errno = kept;
}

/* A process of one thread, interrupted anywhere in malloc or free, forks in the handler; the child
 * only ends. */
CASE(fork_in_a_signal_handler) {
    uint64_t random = 17;
    struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    signals_left = 300;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    expect(timer_create(CLOCK_MONOTONIC, &event, &next_signal) == 0);
    set_timer();
    while (signals_left > 0)
        parcel_give(atomic_exchange(&shared[next_random(&random) % 64], parcel_take(parcel_size(&random), 5)));
}

/* The child goes on allocating in the parent's state, freed blocks included, generation after generation. */
CASE(fork_in_fork_in_fork) {
    uint64_t random = 23;
    for (unsigned depth = 0; depth < 40; depth++) {
        for (unsigned i = 0; i < 300; i++)
            parcel_give(
                atomic_exchange(&shared[next_random(&random) % SHARED], parcel_take(parcel_size(&random) / 4, i)));
        pid_t child = fork();
        if (child != 0) {
            expect_child_well(child);
            _exit(0);
        }
    }
}

/* A process that has hardly allocated has no fork handlers registered yet: its second thread's first calls do that,
 * while the first one forks. */
static void *storm(void *unused) {
    uint64_t random = 5;
    for (unsigned i = 0; i < 3000; i++) parcel_give(parcel_take(parcel_size(&random), i));
    return unused;
}

static void fork_beside_a_beginner(void) {
    struct team team;
    team_start(&team, 1, storm);
    for (unsigned i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            storm(NULL);
            _exit(0);
        }
        expect_child_well(child);
    }
    team_join(&team);
}

CASE(second_thread_begins_while_the_first_forks) {
    for (unsigned i = 0; i < 200; i++) {
        pid_t child = fork();
        if (child == 0) {
            fork_beside_a_beginner();
            _exit(0);
        }
        expect_child_well(child);
    }
}

static void do_nothing(void) {
}

/* Allocates `count` blocks, then registers so many handlers that libc allocates for its list, with the list locked. */
static void register_after(unsigned count) {
    alarm(60);
    for (unsigned i = 0; i < count; i++) expect(hide(malloc(300000 + i * 1000)) != NULL);
    for (unsigned i = 0; i < 60; i++) expect(pthread_atfork(do_nothing, do_nothing, do_nothing) == 0);
    _exit(0);
}

/* Whatever the heap does now and then, it may do it in that allocation. */
CASE(libc_allocates_for_its_list_of_handlers) {
    for (unsigned count = 0; count < 100; count++) {
        pid_t child = fork();
        if (child == 0) register_after(count);
        expect_at(count, 0, 0);
        expect_child_well(child);
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
