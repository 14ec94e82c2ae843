/* After thousands of forks among busy threads a process is no larger than after a few: addresses, resident pages,
 * mappings.
 *
 * usage: threads_fork_growth CASE [FORKS], for a soak */
/* SPDX-License-Identifier: MIT */
#include "footprint.h"
#include <sys/resource.h>

enum { SHARED = 300, WARM_PART = 20, HANDLERS = 5, ADDRESS_KIB_MAX = 1 << 20 };

static _Atomic(struct parcel *) shared[SHARED];
static atomic_int stop;
static FILE *stream;

static unsigned forks_wanted(unsigned otherwise) {
    return expect_argv[1] != NULL && expect_argv[2] != NULL ? (unsigned)atoi(expect_argv[2]) : otherwise;
}

static void expect_no_larger(struct footprint then, struct footprint now) {
    expect_at(then.address_kib, now.address_kib, 0);
    expect(now.address_kib <= then.address_kib + then.address_kib / 4 + 192 * 1024);
    expect(now.address_kib <= ADDRESS_KIB_MAX); /* or the first few would have taken it all */
    expect_at(then.resident_kib, now.resident_kib, 1);
    expect(now.resident_kib <= then.resident_kib + then.resident_kib / 4 + 24 * 1024);
    expect_at(then.mappings, now.mappings, 2);
    expect(now.mappings <= then.mappings + 16);
}

/* One in two hundred is of up to 2 MB, which no cache keeps. */
static size_t size_of_one(uint64_t *random) {
    return next_random(random) % 200 == 0 ? next_random(random) % 2000000 : parcel_size(random) / 2;
}

static void exchange_one(uint64_t *random) {
    struct parcel *mine = parcel_take(size_of_one(random), (uint32_t)*random);
    parcel_give(atomic_exchange(&shared[next_random(random) % SHARED], mine));
}

static void *exchange(void *index) {
    uint64_t random = (uintptr_t)index * 1237 + 99;
    while (!atomic_load(&stop)) {
        for (unsigned i = 0; i < 100; i++) exchange_one(&random);
        usleep(100); /* or forks on a busy machine would take very long */
    }
    return NULL;
}

/* Holds a stream's lock, for which flush_all waits with the lock of all streams, for which fork waits. */
static void *allocate_under_lock(void *unused) {
    uint64_t random = 5;
    while (!atomic_load(&stop)) {
        flockfile(stream);
        for (unsigned i = 0; i < 20; i++) exchange_one(&random);
        funlockfile(stream);
        sched_yield();
    }
    return unused;
}

static void *flush_all(void *unused) {
    while (!atomic_load(&stop)) {
        fflush(NULL);
        sleep_ms(1);
    }
    return unused;
}

static void *begin_and_end(void *unused) {
    uint64_t random = 11;
    for (unsigned i = 0; i < 30; i++) exchange_one(&random);
    return unused;
}

static void *begin_many(void *unused) {
    while (!atomic_load(&stop)) run_in_thread(begin_and_end, NULL);
    return unused;
}

static void allocate_in_handler(void) {
    static uint64_t random = 3;
    for (unsigned i = 0; i < 10; i++) exchange_one(&random);
}

static void add_handlers(void) {
    for (unsigned i = 0; i < HANDLERS; i++)
        expect(pthread_atfork(allocate_in_handler, allocate_in_handler, allocate_in_handler) == 0);
}

static void *work_in_child(void *unused) {
    uint64_t random = 7;
    for (unsigned i = 0; i < 300; i++) exchange_one(&random);
    return unused;
}

/* Every tenth child lives for a while: it frees inherited blocks, starts threads, and forks again. */
static void live_as_child(unsigned number) {
    uint64_t random = number + 1;
    alarm(60);
    for (unsigned i = 0; i < 20; i++) exchange_one(&random);
    if (number % 10 != 0) _exit(0);
    for (unsigned i = 0; i < SHARED; i++) parcel_give(atomic_exchange(&shared[i], NULL));
    run_in_thread(work_in_child, NULL);
    pid_t child = fork();
    if (child == 0) {
        run_in_thread(work_in_child, NULL);
        _exit(0);
    }
    expect_child_well(child);
    _exit(0);
}

static void fork_times(unsigned forks) {
    for (unsigned i = 0; i < forks; i++) {
        pid_t child = fork();
        if (child == 0) live_as_child(i);
        expect_child_well(child);
    }
}

/* Foreign handlers are registered before and after the allocator's, which are registered with the first thread. */
static void start_work(struct team *team, void *(*const *works)(void *)) {
    add_handlers();
    stream = fopen("/dev/null", "w");
    expect(stream != NULL);
    team->count = 0;
    for (uintptr_t i = 0; works[i] != NULL; i++) team_add(team, works[i], (void *)i);
    add_handlers();
}

static void fork_and_compare(unsigned forks, void *(*const *works)(void *)) {
    struct team team;
    start_work(&team, works);
    fork_times(forks / WARM_PART + 20);
    struct footprint then = footprint();
    fork_times(forks);
    expect_no_larger(then, footprint());
    atomic_store(&stop, 1);
    team_join(&team);
}

typedef void *work(void *);

CASE(process_of_busy_threads_is_no_larger_after_many_forks) {
    fork_and_compare(forks_wanted(150), (work *const[]){exchange, exchange, exchange, NULL});
}

CASE(process_whose_streams_are_locked_is_no_larger_after_many_forks) {
    fork_and_compare(forks_wanted(60), (work *const[]){exchange, allocate_under_lock, flush_all, NULL});
}

CASE(process_whose_threads_come_and_go_is_no_larger_after_many_forks) {
    fork_and_compare(forks_wanted(80), (work *const[]){exchange, begin_many, begin_many, NULL});
}

/* parcel_take() ends the test when there is no memory. */
CASE(limit_on_addresses_is_enough_for_many_forks) {
    struct team team;
    start_work(&team, (work *const[]){exchange, exchange, exchange, NULL});
    size_t bytes = (footprint().address_kib << 10) + (384 << 20);
    expect(setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes}) == 0);
    fork_times(forks_wanted(100));
    atomic_store(&stop, 1);
    team_join(&team);
}

static void *fork_in_thread(void *forks) {
    fork_times((unsigned)(uintptr_t)forks);
    return NULL;
}

CASE(process_of_several_forking_threads_is_no_larger) {
    struct team team, forkers = {.count = 0};
    start_work(&team, (work *const[]){exchange, exchange, NULL});
    fork_times(20);
    struct footprint then = footprint();
    for (unsigned i = 0; i < 3; i++) team_add(&forkers, fork_in_thread, (void *)(uintptr_t)forks_wanted(40));
    team_join(&forkers);
    expect_no_larger(then, footprint());
    atomic_store(&stop, 1);
    team_join(&team);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
