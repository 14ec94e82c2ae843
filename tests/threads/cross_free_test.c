/* Blocks are freed by other threads than allocated them, in every pattern that has leaked or corrupted memory in some
 * allocator. */
/* SPDX-License-Identifier: MIT */
#include "team.h"

enum { RING = 1024, PARCELS = 150000 };

struct ring {
    _Atomic(struct parcel *) slots[RING];
};

static struct ring rings[8];

static void *produce(void *index) {
    struct ring *ring = &rings[(uintptr_t)index];
    uint64_t random = (uintptr_t)index * 77 + 1;
    for (unsigned i = 0; i < PARCELS; i++) {
        struct parcel *parcel = parcel_take(parcel_size(&random), i), *none = NULL;
        while (!atomic_compare_exchange_weak(&ring->slots[i % RING], &none, parcel)) {
            none = NULL;
            sched_yield();
        }
    }
    return NULL;
}

static void *consume(void *index) {
    struct ring *ring = &rings[(uintptr_t)index];
    for (unsigned i = 0; i < PARCELS; i++) {
        struct parcel *parcel;
        while ((parcel = atomic_exchange(&ring->slots[i % RING], NULL)) == NULL) sched_yield();
        parcel_give(parcel);
    }
    return NULL;
}

/* Blocks go only one way: the memory must come back. */
CASE(producer_and_consumer_pairs) {
    struct team team = {.count = 0};
    for (uintptr_t i = 0; i < 2; i++) {
        team_add(&team, produce, (void *)i);
        team_add(&team, consume, (void *)i);
    }
    team_join(&team);
    expect_at(resident_bytes(), 0, 0);
    expect(resident_bytes() < 64u << 20);
}

static void *consume_from_all(void *count) {
    unsigned left = (unsigned)(uintptr_t)count * PARCELS;
    for (unsigned r = 0; left > 0; r = (r + 1) % (unsigned)(uintptr_t)count)
        for (unsigned s = 0; s < RING; s++) {
            struct parcel *parcel = atomic_exchange(&rings[r].slots[s], NULL);
            parcel_give(parcel);
            left -= parcel != NULL;
        }
    return NULL;
}

/* This thread never allocates: it has no slow path of malloc that could give memory back. */
CASE(one_thread_only_frees) {
    struct team team = {.count = 0};
    for (uintptr_t i = 0; i < 4; i++) team_add(&team, produce, (void *)i);
    team_add(&team, consume_from_all, (void *)4);
    team_join(&team);
    expect_at(resident_bytes(), 0, 0);
    expect(resident_bytes() < 64u << 20);
}

/* Producers with a live set each; other threads free the blocks that they replace. */
enum { KEEPERS = 4, SWEEPERS = 2, KEPT = 60000, KEPT_BYTES = 592, REPLACED = 6 * KEPT };
static _Atomic(struct parcel *) kept[KEEPERS][KEPT], outgoing[KEEPERS][RING];
static atomic_uint keepers_left = KEEPERS;
static pthread_barrier_t measured;

static void *keep_and_replace(void *index) {
    uintptr_t id = (uintptr_t)index;
    uint64_t random = id * 13 + 1;
    for (unsigned i = 0, out = 0; i < KEPT + REPLACED; i++) {
        unsigned at = i < KEPT ? i : (unsigned)(next_random(&random) % KEPT);
        struct parcel *old = atomic_exchange(&kept[id][at], parcel_take(KEPT_BYTES, i));
        if (!old) continue;
        while (atomic_load(&outgoing[id][out % RING])) sched_yield();
        atomic_store(&outgoing[id][out++ % RING], old);
    }
    atomic_fetch_sub(&keepers_left, 1);
    pthread_barrier_wait(&measured);
    return NULL;
}

static void *sweep(void *index) {
    for (int done = 0; !done; sched_yield()) {
        done = atomic_load(&keepers_left) == 0;
        for (uintptr_t id = (uintptr_t)index; id < KEEPERS; id += SWEEPERS)
            for (unsigned i = 0; i < RING; i++) parcel_give(atomic_exchange(&outgoing[id][i], NULL));
    }
    pthread_barrier_wait(&measured);
    return NULL;
}

/* No thread takes new memory while others' free blocks are available, however the threads race for them. */
CASE(producers_take_what_others_freed) {
    struct team team = {.count = 0};
    pthread_barrier_init(&measured, NULL, KEEPERS + SWEEPERS + 1);
    size_t before = resident_bytes(), live = (size_t)KEEPERS * KEPT * KEPT_BYTES;
    for (uintptr_t i = 0; i < KEEPERS; i++) team_add(&team, keep_and_replace, (void *)i);
    for (uintptr_t i = 0; i < SWEEPERS; i++) team_add(&team, sweep, (void *)i);
    while (atomic_load(&keepers_left) > 0) sleep_ms(1);
    size_t held = resident_bytes() - before;
    pthread_barrier_wait(&measured);
    team_join(&team);
    expect_at(held, live, 0);
    expect(held < live + live / 4);
}

enum { MANY = 400000 };
static struct parcel *many[MANY];
static pthread_barrier_t taken, finished;

static void take_many(uint64_t random) {
    for (unsigned i = 0; i < MANY; i++) many[i] = parcel_take(next_random(&random) % 300, i);
}

static void give_many(void) {
    for (unsigned i = 0; i < MANY; i++) parcel_give(many[i]);
}

static void *take_then_idle(void *unused) {
    take_many(5);
    pthread_barrier_wait(&taken);
    pthread_barrier_wait(&finished);
    return unused;
}

/* Blocks that an idle thread allocated and others freed must serve the others: three rounds need no more memory than
 * one. */
CASE(idle_owner_does_not_keep_what_others_freed) {
    enum { OWNERS = 6 };
    struct team team = {.count = 0};
    pthread_barrier_init(&taken, NULL, 2);
    pthread_barrier_init(&finished, NULL, OWNERS + 1);
    size_t before = resident_bytes(), peak = 0;
    for (unsigned i = 0; i < OWNERS; i++) {
        team_add(&team, take_then_idle, NULL);
        pthread_barrier_wait(&taken);
        if (peak == 0) peak = resident_bytes() - before;
        give_many();
        take_many(7);
        give_many();
    }
    size_t after = resident_bytes() - before;
    pthread_barrier_wait(&finished);
    team_join(&team);
    expect_at(peak, after, 0);
    expect(after < peak * 3);
}

static _Atomic(struct parcel *) shared[4096];

static void *exchange(void *index) {
    uint64_t random = (uintptr_t)index * 1237 + 99;
    for (unsigned i = 0; i < 250000; i++) {
        struct parcel *mine = parcel_take(parcel_size(&random) / (i % 16 ? 8 : 1), i);
        parcel_give(atomic_exchange(&shared[next_random(&random) % 4096], mine));
    }
    return NULL;
}

/* Every thread frees blocks of all threads, as in servers with work queues. */
CASE(all_exchange_with_all) {
    struct team team;
    team_start(&team, 6, exchange);
    team_join(&team);
    for (unsigned i = 0; i < 4096; i++) parcel_give(shared[i]);
}

static void *resize_foreign(void *index) {
    uint64_t random = (uintptr_t)index * 31 + 5;
    for (unsigned i = 0; i < 60000; i++) {
        struct parcel *parcel = atomic_exchange(&shared[next_random(&random) % 512], NULL);
        size_t size = parcel_size(&random) + sizeof *parcel;
        if (parcel == NULL) {
            parcel = parcel_take(size, i);
        } else {
            size_t kept = parcel->size < size ? parcel->size : size;
            parcel_check(parcel);
            parcel = realloc(parcel, size);
            expect(parcel != NULL);
            memset(parcel->bytes + kept - sizeof *parcel, (int)(parcel->tag & 255), size - kept);
            parcel->size = (uint32_t)size;
        }
        parcel_give(atomic_exchange(&shared[next_random(&random) % 512], parcel));
    }
    return NULL;
}

CASE(blocks_of_others_are_resized) {
    struct team team;
    team_start(&team, 5, resize_foreign);
    team_join(&team);
    for (unsigned i = 0; i < 512; i++) parcel_give(shared[i]);
}

static void *zero_after_foreign_free(void *unused) {
    for (unsigned i = 0; i < MANY / 8; i++) {
        size_t size = 16 + i % 600;
        unsigned char *clean = calloc(1, size);
        expect(clean != NULL && is_zero(clean, size));
        memset(clean, 0xee, size);
        free(many[i]);
        many[i] = (struct parcel *)(void *)clean;
    }
    return unused;
}

CASE(calloc_is_zero_after_foreign_frees) {
    for (unsigned round = 0; round < 6; round++) run_in_thread(zero_after_foreign_free, NULL);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
