/* One process under a load that changes for as long as one likes: it gets no larger, no block changes, and the verifier
 * finds nothing.
 *
 * usage: threads_soak CASE [SECONDS [MAPPINGS]]: at least SECONDS long, instead of a few rounds, and with so many
 * MAPPINGS more than at first, which the hardened library needs for its holes */
/* SPDX-License-Identifier: MIT */
#include "footprint.h"
#include <heapalloc/heapalloc.h>

#pragma weak heapalloc_verify

enum {
    THREADS = 6,
    SLOTS = 6000,
    STEPS = 4000,
    KINDS = 5,
    EARLY_CYCLES = 2,
    CYCLES = 3,
    DECAY_MS = 1200,
    MORE_MAPPINGS = 32
};

/* What the program's blocks are like in a round. Each kind follows another, so that each finds the holes of all. */
static const struct kind {
    size_t bytes_max; /* of most blocks */
    unsigned one_large_in, forks;
    bool leaves_many; /* threads end while most of their blocks stay */
} kinds[KINDS] = {
    {200, 4000, 0, true},   /* objects */
    {20000, 200, 2, false}, /* documents */
    {120000, 40, 0, false}, /* buffers */
    {60, 0, 3, true},       /* nodes and strings */
    {6000, 100, 1, true},   /* all sizes */
};

static _Atomic(struct parcel *) slots[SLOTS];
static const struct kind *kind;
static atomic_uint round_number;

static size_t size_of_one(uint64_t *random) {
    if (kind->one_large_in && next_random(random) % kind->one_large_in == 0) return next_random(random) % (3 << 20);
    size_t size = next_random(random) % kind->bytes_max;
    return next_random(random) % 4 ? size / 4 : size;
}

static void exchange_one(uint64_t *random) {
    struct parcel *mine = parcel_take(size_of_one(random), (uint32_t)*random);
    parcel_give(atomic_exchange(&slots[next_random(random) % SLOTS], mine));
}

/* Takes a block out of its slot, resizes it, and puts it into another. */
static void resize_one(uint64_t *random) {
    struct parcel *mine = atomic_exchange(&slots[next_random(random) % SLOTS], NULL);
    if (mine == NULL) return;
    parcel_check(mine);
    size_t old = mine->size, size = sizeof *mine + size_of_one(random);
    mine = realloc(mine, size);
    expect(mine != NULL);
    mine->size = (uint32_t)(size < old ? size : old);
    parcel_check(mine);
    mine->size = (uint32_t)size;
    memset(mine->bytes, (int)(mine->tag & 255), size - sizeof *mine);
    parcel_give(atomic_exchange(&slots[next_random(random) % SLOTS], mine));
}

static void zeroed_and_aligned(uint64_t *random) {
    size_t size = 1 + size_of_one(random), align = (size_t)16 << next_random(random) % 9;
    unsigned char *zeroed = calloc(1, size), *aligned = aligned_alloc(align, (size + align - 1) & -align);
    expect(zeroed != NULL && is_zero(zeroed, size));
    expect(aligned != NULL && is_aligned(aligned, align));
    memset(aligned, 0x5a, size);
    free(zeroed);
    free(aligned);
}

static void *work(void *index) {
    uint64_t random = ((uintptr_t)index + 1) * 2654435761u + atomic_load(&round_number) * 40503u;
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t what = next_random(&random) % 16;
        if (what == 0)
            zeroed_and_aligned(&random);
        else if (what < 4)
            resize_one(&random);
        else
            exchange_one(&random);
    }
    if (kind->leaves_many) return NULL;
    for (unsigned i = 0; i < SLOTS / 2; i++) parcel_give(atomic_exchange(&slots[next_random(&random) % SLOTS], NULL));
    return NULL;
}

static void fork_among_threads(void) {
    for (unsigned i = 0; i < kind->forks; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            uint64_t random = i + 1;
            for (unsigned k = 0; k < 500; k++) exchange_one(&random);
            _exit(0);
        }
        expect_child_well(child);
    }
}

static void expect_whole(void) {
    const char *broken = heapalloc_verify ? heapalloc_verify() : NULL;
    if (broken) fprintf(stderr, "broken: %s\n", broken);
    expect(!broken);
}

static void run_round(unsigned number) {
    struct team team;
    kind = &kinds[number % KINDS];
    atomic_store(&round_number, number);
    team_start(&team, THREADS, work);
    fork_among_threads();
    team_join(&team);
    expect_whole();
}

/* One in eight blocks stays: the holes between them are what fragmentation is. What other threads have freed before
 * they ended goes back while this one goes on for a little. */
static void fall(void) {
    for (unsigned i = 0; i < SLOTS; i++)
        if (i % 8 != 0) parcel_give(atomic_exchange(&slots[i], NULL));
    sleep_ms(DECAY_MS);
    for (unsigned i = 0; i < 5000; i++) free(hide(malloc(100 + i % 20 * 1000)));
}

static size_t live_kib(void) {
    size_t bytes = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct parcel *parcel = atomic_load(&slots[i]);
        if (parcel) bytes += parcel->size;
    }
    return bytes >> 10;
}

static struct footprint largest(struct footprint a, struct footprint b) {
    return (struct footprint){a.address_kib > b.address_kib ? a.address_kib : b.address_kib,
                              a.resident_kib > b.resident_kib ? a.resident_kib : b.resident_kib,
                              a.mappings > b.mappings ? a.mappings : b.mappings};
}

/* A fall after each kind; returns the largest footprint after a fall, less what was live. */
static struct footprint run_cycle(unsigned cycle) {
    struct footprint most = {0, 0, 0};
    for (unsigned i = 0; i < KINDS; i++) {
        run_round(cycle * KINDS + i);
        fall();
        expect_whole();
        struct footprint now = footprint();
        size_t live = live_kib();
        expect_at(live, now.resident_kib, i);
        expect(now.resident_kib > live);
        now.resident_kib -= live;
        most = largest(most, now);
    }
    return most;
}

/* The word after the case's name, as a number; `otherwise` when it is not there. */
static size_t word_or(unsigned which, size_t otherwise) {
    for (unsigned i = 1; i <= which + 1; i++)
        if (expect_argv[i] == NULL) return otherwise;
    return strtoul(expect_argv[which + 1], NULL, 10);
}

static time_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void expect_no_larger(unsigned cycle, struct footprint early, struct footprint now) {
    expect_at(cycle, early.address_kib, now.address_kib);
    expect(now.address_kib <= early.address_kib + early.address_kib / 4 + (64 << 10));
    expect_at(cycle, early.resident_kib, now.resident_kib);
    expect(now.resident_kib <= early.resident_kib + early.resident_kib / 4 + (8 << 10));
    expect_at(cycle, early.mappings, now.mappings);
    expect(now.mappings <= early.mappings + word_or(2, MORE_MAPPINGS));
}

CASE(process_under_changing_load_gets_no_larger) {
    struct footprint early = {0, 0, 0};
    time_t end = seconds_now() + (time_t)word_or(1, 0);
    for (unsigned cycle = 0; cycle < CYCLES || seconds_now() < end; cycle++) {
        struct footprint now = run_cycle(cycle);
        printf("cycle %u: %zu KiB of addresses, %zu KiB more than live, %zu mappings\n", cycle, now.address_kib,
               now.resident_kib, now.mappings);
        fflush(stdout);
        if (cycle < EARLY_CYCLES) early = largest(early, now);
        expect_no_larger(cycle, early, now);
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
