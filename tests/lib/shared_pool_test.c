/* Managed pools: objects that stay constructed, threads that share one pool, batches, limits, sums. */
/* SPDX-License-Identifier: MIT */
#include "heap/fast.h"
#include "inspect/verify.h"
#include "span/units.h"
#include "test.h"
#include <heapalloc/heapalloc.h>
#include <pthread.h>
#include <string.h>

enum { OBJECTS = 3000 };

static struct heapalloc_pool *made(struct heapalloc_pool_options options) {
    struct heapalloc_pool *pool = heapalloc_pool_create_with(&options);
    CHECK(pool != NULL);
    return pool;
}

static struct heapalloc_pool_stats stats_of(struct heapalloc_pool *pool) {
    struct heapalloc_pool_stats stats;
    heapalloc_pool_stats(pool, &stats);
    return stats;
}

/* The words that a constructor stores in its objects, and the counts of its calls. */
struct thing {
    uint64_t word, body[6];
};
static struct { int constructed, destructed, refuse; } told;

static bool thing_begin(void *object, void *argument) {
    CHECK(argument == &told);
    if (__atomic_load_n(&told.refuse, __ATOMIC_RELAXED)) return false;
    __atomic_fetch_add(&told.constructed, 1, __ATOMIC_RELAXED);
    ((struct thing *)object)->word = 0x1234567890 ^ (uintptr_t)object;
    return true;
}

static void thing_end(void *object, void *argument) {
    CHECK(argument == &told);
    told.destructed++;
    CHECK(((struct thing *)object)->word == (0x1234567890 ^ (uintptr_t)object));
}

static struct heapalloc_pool *pool_of_things(unsigned flags, size_t align) {
    return made((struct heapalloc_pool_options){.name = "things",
                                                .object_bytes = sizeof(struct thing),
                                                .align_bytes = align,
                                                .construct = thing_begin,
                                                .destruct = thing_end,
                                                .argument = &told,
                                                .flags = flags});
}

TEST(options_of_pools_out_of_range_are_refused) {
    const struct heapalloc_pool_options wrong[] = {
        {0},
        {.object_bytes = HEAPALLOC_POOL_BYTES_MAX + 1},
        {.object_bytes = HEAPALLOC_POOL_BYTES_MAX, .construct = thing_begin},
        {.object_bytes = HEAPALLOC_POOL_BYTES_MAX / 2, .align_bytes = HEAPALLOC_POOL_BYTES_MAX * 2},
        {.object_bytes = 64, .align_bytes = 24},
        {.object_bytes = 64, .destruct = thing_end},
        {.object_bytes = 64, .flags = 2},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) CHECK(!heapalloc_pool_create_with(&wrong[i]));
}

static void objects_stay(unsigned flags, size_t align) {
    static struct thing *things[OBJECTS];
    struct heapalloc_pool *pool = pool_of_things(flags, align);
    told.constructed = told.destructed = 0;
    for (int round = 0; round < 4; round++) {
        int count = OBJECTS - round * 700;
        for (int i = 0; i < count; i++) {
            things[i] = heapalloc_pool_get(pool);
            CHECK(things[i] && things[i]->word == (0x1234567890 ^ (uintptr_t)things[i]));
            CHECK((uintptr_t)things[i] % (align ? align : 16) == 0);
            memset(things[i]->body, round + 1, sizeof(things[i]->body));
        }
        CHECK_EQ(told.constructed, OBJECTS);
        CHECK_EQ(stats_of(pool).used_blocks, count);
        for (int i = 0; i < count; i++) heapalloc_pool_put(pool, things[(i * 7 + round) % count]);
        CHECK_EQ(stats_of(pool).used_blocks, 0);
        CHECK(verify_heap() == NULL);
    }
    CHECK_EQ(told.destructed, 0);
    CHECK(heapalloc_pool_get(pool) != NULL); /* one in use is destructed too */
    heapalloc_pool_destroy(pool);
    CHECK_EQ(told.destructed, OBJECTS);
}

TEST(objects_stay_constructed_while_they_are_free) {
    for (size_t align = 0; align <= 512; align = align ? align * 4 : 32) objects_stay(0, align);
    test_nothing_is_lost();
}
TEST(objects_of_a_shared_pool_stay_constructed) {
    objects_stay(HEAPALLOC_POOL_SHARED, 0);
    objects_stay(HEAPALLOC_POOL_SHARED, 128);
    test_nothing_is_lost();
}

TEST(a_constructor_may_refuse_and_is_asked_again) {
    for (unsigned flags = 0; flags <= HEAPALLOC_POOL_SHARED; flags++) {
        struct heapalloc_pool *pool = pool_of_things(flags, 0);
        told.constructed = told.destructed = 0;
        void *first = heapalloc_pool_get(pool);
        told.refuse = 1;
        for (int i = 0; i < 10; i++) CHECK(!heapalloc_pool_get(pool));
        CHECK_EQ(stats_of(pool).free_blocks, 1); /* the memory of the one that was refused, again and again */
        heapalloc_pool_put(pool, first);
        CHECK(heapalloc_pool_get(pool) == first); /* one that is constructed needs no constructor */
        CHECK(!heapalloc_pool_get(pool));
        if (flags) told.refuse = 0;
        CHECK(!heapalloc_pool_get(pool) == !flags);
        told.refuse = 0;
        heapalloc_pool_destroy(pool);
        CHECK_EQ(told.constructed, flags ? 2 : 1);
        CHECK_EQ(told.destructed, told.constructed);
    }
    test_nothing_is_lost();
}

TEST(a_pool_keeps_to_its_limit) {
    for (unsigned flags = 0; flags <= HEAPALLOC_POOL_SHARED; flags++) {
        struct heapalloc_pool *pool =
            made((struct heapalloc_pool_options){.object_bytes = 1000, .limit_bytes = 100000, .flags = flags});
        size_t count = 0;
        while (heapalloc_pool_get(pool)) count++;
        CHECK_EQ(count, 6 * (UNIT_BYTES / 1008));
        CHECK_EQ(stats_of(pool).reserved_bytes, 6 * UNIT_BYTES);
        heapalloc_pool_destroy(pool);
    }
    test_nothing_is_lost();
}

TEST(batches_are_taken_and_put_back) {
    static void *blocks[OBJECTS];
    for (unsigned flags = 0; flags <= HEAPALLOC_POOL_SHARED; flags++) {
        struct heapalloc_pool *pool =
            made((struct heapalloc_pool_options){.object_bytes = 40, .limit_bytes = 65536, .flags = flags});
        CHECK_EQ(heapalloc_pool_get_many(pool, NULL, 0), 0);
        size_t most = heapalloc_pool_get_many(pool, blocks, OBJECTS);
        CHECK_EQ(most, OBJECTS < 4 * (UNIT_BYTES / 48) ? OBJECTS : 4 * (UNIT_BYTES / 48));
        for (size_t i = 0; i < most; i++) memset(blocks[i], (int)i, 40);
        for (size_t i = 0; i < most; i++) CHECK(((unsigned char *)blocks[i])[39] == (unsigned char)i);
        void *last = blocks[most - 1];
        blocks[most - 1] = NULL;
        heapalloc_pool_put_many(pool, blocks, most);
        heapalloc_pool_put_many(pool, NULL, 0);
        heapalloc_pool_put(pool, last);
        for (size_t size = 1; size <= 256; size *= 2) {
            CHECK_EQ(heapalloc_pool_get_many(pool, blocks, size), size);
            heapalloc_pool_put_many(pool, blocks, size);
        }
        if (config_safety) CHECK_EQ(stats_of(pool).used_blocks, 0);
        heapalloc_pool_destroy(pool);
    }
    test_nothing_is_lost();
}

/* Threads that share a pool, some of which put back objects that others took. */
enum { THREADS = 6, SLOTS = 256, STEPS = 8000 };
static struct {
    struct heapalloc_pool *pool;
    size_t bytes;
    void *slots[SLOTS]; /* atomic */
} shared;

static void fill(unsigned char *object, size_t bytes) {
    memset(object + 8, (int)((uintptr_t)object >> 4 & 0xff), bytes - 8);
}
static void check_filled(const unsigned char *object, size_t bytes) {
    for (size_t i = 8; i < bytes; i += 5) CHECK_EQ(object[i], (uintptr_t)object >> 4 & 0xff);
}

static void *share(void *seed) {
    uint64_t random = (uintptr_t)seed * 2654435761 + 1;
    void *many[16];
    for (int step = 0; step < STEPS; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned char *mine = NULL;
        if (random >> 60 == 0) { /* a batch now and then */
            size_t got = heapalloc_pool_get_many(shared.pool, many, 1 + (random >> 40) % 16);
            for (size_t i = 0; i < got; i++) fill(many[i], shared.bytes);
            for (size_t i = 0; i < got; i++) check_filled(many[i], shared.bytes);
            heapalloc_pool_put_many(shared.pool, many, got);
            continue;
        }
        if (random >> 50 & 1 && (mine = heapalloc_pool_get(shared.pool))) fill(mine, shared.bytes);
        mine = __atomic_exchange_n(&shared.slots[(random >> 33) % SLOTS], mine, __ATOMIC_ACQ_REL);
        if (mine) check_filled(mine, shared.bytes);
        heapalloc_pool_put(shared.pool, mine);
    }
    return NULL;
}

static void threads_share(struct heapalloc_pool_options options) {
    shared.pool = made(options);
    shared.bytes = options.object_bytes;
    memset(shared.slots, 0, sizeof(shared.slots));
    for (int round = 0; round < 3; round++) {
        pthread_t threads[THREADS];
        for (uintptr_t i = 0; i < THREADS; i++)
            CHECK(pthread_create(&threads[i], NULL, share, (void *)(i * 3 + (uintptr_t)round)) == 0);
        for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
        size_t live = 0;
        for (int i = 0; i < SLOTS; i++) live += shared.slots[i] != NULL;
        CHECK_EQ(stats_of(shared.pool).used_blocks, live);
        CHECK(verify_heap() == NULL);
    }
    for (int i = 0; i < SLOTS; i++) heapalloc_pool_put(shared.pool, shared.slots[i]);
    CHECK_EQ(stats_of(shared.pool).used_blocks, 0);
    heapalloc_pool_destroy(shared.pool);
}

TEST(threads_share_a_pool_of_blocks) {
    for (size_t bytes = 16; bytes < 6000; bytes = bytes * 3 + 8)
        threads_share((struct heapalloc_pool_options){.object_bytes = bytes, .flags = HEAPALLOC_POOL_SHARED});
}
TEST(threads_share_a_pool_of_objects) {
    struct heapalloc_pool_options options = {.name = "things",
                                             .object_bytes = 56,
                                             .flags = HEAPALLOC_POOL_SHARED,
                                             .construct = thing_begin,
                                             .destruct = thing_end,
                                             .argument = &told};
    told.constructed = told.destructed = 0;
    threads_share(options);
    CHECK_EQ(told.constructed, told.destructed);
    options.limit_bytes = 3 * UNIT_BYTES;
    threads_share(options);
}

/* More heaps than the first tables have places for. */
enum { CROWD = 40 };
static pthread_barrier_t crowd;
static void *come(void *pool) {
    void *block = heapalloc_pool_get(pool);
    pthread_barrier_wait(&crowd);
    CHECK(block != NULL);
    heapalloc_pool_put(pool, block);
    pthread_barrier_wait(&crowd);
    return NULL;
}
TEST(a_crowd_of_threads_finds_its_magazines) {
    struct heapalloc_pool *pool =
        made((struct heapalloc_pool_options){.object_bytes = 100, .flags = HEAPALLOC_POOL_SHARED});
    for (int round = 0; round < 3; round++) {
        pthread_t threads[CROWD];
        pthread_barrier_init(&crowd, NULL, CROWD);
        for (int i = 0; i < CROWD; i++) CHECK(pthread_create(&threads[i], NULL, come, pool) == 0);
        for (int i = 0; i < CROWD; i++) pthread_join(threads[i], NULL);
        CHECK_EQ(stats_of(pool).used_blocks, 0);
    }
    CHECK(stats_of(pool).reserved_bytes <= 2 * UNIT_BYTES); /* threads take over what ended ones kept */
    heapalloc_pool_destroy(pool);
}

HEAP_TEST(managed_pools_are_sound_when_memory_is_refused) {
    void *blocks[200];
    struct heapalloc_pool *pool = heapalloc_pool_create_with(
        &(struct heapalloc_pool_options){.name = "n", .object_bytes = 600, .flags = HEAPALLOC_POOL_SHARED});
    if (!pool) return;
    size_t got = heapalloc_pool_get_many(pool, blocks, 200);
    heapalloc_pool_put_many(pool, blocks, got);
    if (got) CHECK(heapalloc_pool_get(pool) != NULL);
    heapalloc_pool_destroy(pool);
}

TEST(managed_pools_know_their_objects) {
    test_leaves_a_broken_heap();
    if (!config_safety) return;
    for (unsigned flags = 0; flags <= HEAPALLOC_POOL_SHARED; flags++) {
        struct heapalloc_pool *pool = pool_of_things(flags, 0), *other = pool_of_things(flags, 0);
        char *object = heapalloc_pool_get(pool), *second = heapalloc_pool_get(pool), *foreign = t_malloc(64);
        expect_stop("does not belong to this pool", heapalloc_pool_put(other, object));
        expect_stop("does not belong to this pool", heapalloc_pool_put(pool, foreign));
        expect_stop("in the middle of a block of 80 bytes", heapalloc_pool_put(pool, object + 56));
        void *mixed[] = {NULL, second, object + 16};
        expect_stop("heapalloc_pool_put_many(): ", heapalloc_pool_put_many(pool, mixed, 3));
        expect_stop("belongs to a pool", t_free(object));
        heapalloc_pool_put(pool, object);
        expect_stop("is already free", heapalloc_pool_put(pool, object));
        object[70] ^= 1; /* its tail */
        expect_stop("corrupted list", heapalloc_pool_get(pool));
        second[sizeof(struct thing) + 9] ^= 4;
        expect_stop("was written to beyond its end", heapalloc_pool_put(pool, second));
        expect_stop("was written to beyond its end", heapalloc_pool_destroy(pool));
        heapalloc_pool_destroy(other);
        expect_stop("is not a pool", heapalloc_pool_get(other));
        expect_stop("is not a pool", heapalloc_pool_get_many(other, mixed, 1));
        expect_stop("is not a pool", heapalloc_pool_destroy(other));
    }
    struct heapalloc_pool *pool =
        made((struct heapalloc_pool_options){.object_bytes = 64, .flags = HEAPALLOC_POOL_SHARED});
    expect_stop("are no options", heapalloc_pool_create_with(NULL));
    expect_stop("is no room for blocks", heapalloc_pool_get_many(pool, NULL, 1));
    expect_stop("is no list of blocks", heapalloc_pool_put_many(pool, NULL, 1));
    expect_stop("is no place for statistics", heapalloc_pool_stats(pool, NULL));
}

struct typed {
    long long a[5];
};
HEAPALLOC_POOL_TYPE(typed, struct typed)
struct line {
    char bytes[64];
} __attribute__((aligned(64)));
HEAPALLOC_POOL_TYPE(line, struct line)

TEST(a_typed_pool_has_the_size_and_alignment_of_its_type) {
    struct typed_pool *pool = typed_pool_create((struct heapalloc_pool_options){.name = "typed"});
    struct typed *one = typed_pool_get(pool), *two = typed_pool_get(pool);
    CHECK(one && two && (char *)two - (char *)one == 48);
    typed_pool_put(pool, one);
    CHECK(typed_pool_get(pool) == one);
    typed_pool_destroy(pool);
    struct line_pool *lines = line_pool_create((struct heapalloc_pool_options){0});
    CHECK((uintptr_t)line_pool_get(lines) % 64 == 0);
    line_pool_destroy(lines);
    test_nothing_is_lost();
}
