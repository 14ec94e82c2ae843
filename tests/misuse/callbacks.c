/* Misuse: functions that a pool, an arena or a collected arena calls, and which use it as they may not; threads and
 * children of a fork that may not; blocks that were never handed out. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "weak.h"
#include <sys/wait.h>

static struct heapalloc_arena *arena, *child;
static struct heapalloc_pool *pool;
static struct heapalloc_collected *collected;
static char foreign[4096];

/* ENDS(NAME, BUILDS, FUNCTION, POINTER, SENTENCE, PREPARE, STATEMENT): after PREPARE, which may set what POINTER uses,
 * the statement ends with FUNCTION's sentence. */
#define ENDS(name, builds, function, pointer, sentence, prepare, ...)  \
    MISUSE(callbacks, name, 0, 0, builds) {                            \
        arena = heapalloc_arena_create(NULL);                          \
        collected = heapalloc_collected_create(NULL);                  \
        char *volatile block = NULL;                                   \
        prepare;                                                       \
        say_caught_object("heapalloc_" function, (pointer), sentence); \
        __VA_ARGS__;                                                   \
        (void)block;                                                   \
        not_caught();                                                  \
    }

/* ---- Arenas: a cleanup may use its arena, but not end it ----------------------------------------------------- */

static void end_arena(void *unused) {
    (void)unused;
    heapalloc_arena_destroy(arena);
}
static void end_child(void *unused) {
    (void)unused;
    heapalloc_arena_destroy(child);
}
static void reset_arena(void *unused) {
    (void)unused;
    heapalloc_arena_reset(arena);
}
static void make_child(void (*cleanup)(void *)) {
    const struct heapalloc_arena_options options = {.parent = arena};
    child = heapalloc_arena_create(&options);
    heapalloc_arena_cleanup(child, cleanup, NULL);
}
static const char no_arena[] = "is not an arena";

ENDS(arena_is_ended_by_its_cleanup_at_its_end, IN_FAST, "arena_cleanup", arena, no_arena,
     heapalloc_arena_cleanup(arena, end_arena, NULL), heapalloc_arena_destroy(arena))
ENDS(arena_is_ended_by_its_cleanup_at_a_reset, IN_FAST, "arena_cleanup", arena, no_arena,
     heapalloc_arena_cleanup(arena, end_arena, NULL), heapalloc_arena_reset(arena))
ENDS(arena_is_ended_by_its_cleanup_at_a_rewind, IN_FAST, "arena_cleanup", arena, no_arena, (void)0,
     struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
     heapalloc_arena_cleanup(arena, end_arena, NULL); heapalloc_arena_rewind(arena, mark))
ENDS(parent_is_ended_by_a_childs_cleanup, IN_FAST, "arena_cleanup", child, no_arena, make_child(end_arena),
     heapalloc_arena_destroy(child))
ENDS(parent_is_reset_by_a_childs_cleanup, IN_FAST, "arena_cleanup", child, no_arena, make_child(reset_arena),
     heapalloc_arena_destroy(child))
ENDS(child_is_ended_by_its_cleanup, IN_FAST, "arena_cleanup", child, no_arena, make_child(end_child),
     heapalloc_arena_reset(arena))

static void whole(void) {
    const char *broken = heapalloc_verify();
    if (broken) harm(broken, NULL);
}

MISUSE(callbacks, arena_that_is_reset_while_it_ends, 0, 0, IN_FAST) {
    say_clean();
    arena = heapalloc_arena_create(NULL);
    heapalloc_arena_cleanup(arena, reset_arena, NULL);
    heapalloc_arena_reset(arena);
    heapalloc_arena_cleanup(arena, reset_arena, NULL);
    heapalloc_arena_destroy(arena);
    whole();
}

MISUSE(callbacks, arena_is_asked_for_what_there_is_not, 0, 0, IN_FAST) {
    say_clean();
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, (size_t)1 << 62, (size_t)1 << 47};
    static const size_t aligns[] = {0, 3, 24, 32768, (size_t)1 << 63, SIZE_MAX};
    arena = heapalloc_arena_create(NULL);
    for (int i = 0; i < 5; i++)
        if (heapalloc_arena_alloc(arena, sizes[i]) || heapalloc_arena_zeroed(arena, sizes[i]) ||
            heapalloc_arena_alloc_aligned(arena, sizes[i], 4096))
            harm("an arena served what there is not", NULL);
    for (int i = 0; i < 6; i++)
        if (heapalloc_arena_alloc_aligned(arena, 16, aligns[i])) harm("a wrong alignment was served", NULL);
    for (size_t bytes = 1; bytes < 200; bytes++) { /* memory that is hardly any, and odd */
        char *memory = foreign + bytes % 7;
        const struct heapalloc_arena_options options = {.memory = memory, .memory_bytes = bytes, .limit_bytes = 1};
        struct heapalloc_arena *tiny = heapalloc_arena_create(&options);
        for (char *p; tiny && (p = heapalloc_arena_alloc(tiny, 3));)
            if (p < memory || p + 3 > memory + bytes) harm("an arena left the memory it was given", p);
        heapalloc_arena_destroy(tiny);
    }
    whole();
}

/* ---- Pools ---------------------------------------------------------------------------------------------------- */

static bool construct(void *object, void *argument) {
    (void)object, (void)argument;
    return true;
}
static bool construct_another(void *object, void *argument) {
    (void)object, (void)argument;
    return heapalloc_pool_get(pool) != NULL;
}
static bool end_pool(void *object, void *argument) {
    (void)object, (void)argument;
    heapalloc_pool_destroy(pool);
    return true;
}
static bool fail(void *object, void *argument) {
    (void)object, (void)argument;
    return false;
}
static void put_back(void *object, void *argument) {
    (void)argument;
    heapalloc_pool_put(pool, object);
}
static void make_pool(bool (*constructor)(void *, void *), void (*destructor)(void *, void *), unsigned flags) {
    const struct heapalloc_pool_options options = {
        .object_bytes = 64, .construct = constructor, .destruct = destructor, .flags = flags};
    pool = heapalloc_pool_create_with(&options);
}
static const char own_constructor[] = "is used by its own constructor";

#define BY_CALLBACKS(kind, flags)                                                                                   \
    ENDS(kind##_serves_its_constructor, IN_FAST, "pool_get", pool, own_constructor,                                 \
         make_pool(construct_another, NULL, flags), heapalloc_pool_get(pool))                                       \
    ENDS(kind##_is_ended_by_its_constructor, IN_FAST, "pool_destroy", pool, own_constructor,                        \
         make_pool(end_pool, NULL, flags), heapalloc_pool_get(pool))                                                \
    ENDS(kind##_serves_its_destructor, 0, "pool_put", pool, "is not a pool", make_pool(construct, put_back, flags), \
         heapalloc_pool_get(pool), heapalloc_pool_destroy(pool))
BY_CALLBACKS(pool, 0)
BY_CALLBACKS(shared_pool, HEAPALLOC_POOL_SHARED)

#define WRONG_BLOCKS(kind, constructor, flags)                                                                         \
    ENDS(kind##_is_given_the_middle_of_a_block, 0, "pool_put", block + 16, "is in the middle of a block of * bytes *", \
         make_pool(constructor, NULL, flags);                                                                          \
         block = heapalloc_pool_get(pool), heapalloc_pool_put(pool, block + 16))                                       \
    ENDS(kind##_is_given_an_odd_address, 0, "pool_put", block + 1, "is in the middle of a block of * bytes *",         \
         make_pool(constructor, NULL, flags);                                                                          \
         block = heapalloc_pool_get(pool), heapalloc_pool_put(pool, block + 1))                                        \
    ENDS(kind##_is_given_what_it_never_handed_out, 0, "pool_put", block + 80 * 64,                                     \
         "was never handed out by this pool", make_pool(constructor, NULL, flags);                                     \
         block = heapalloc_pool_get(pool), heapalloc_pool_put(pool, block + 80 * 64))                                  \
    ENDS(kind##_is_given_a_block_of_malloc, 0, "pool_put", block, "does not belong to this pool",                      \
         make_pool(constructor, NULL, flags);                                                                          \
         block = take(64), heapalloc_pool_put(pool, block))                                                            \
    ENDS(kind##_is_given_an_arenas_block, 0, "pool_put", block, "does not belong to this pool",                        \
         make_pool(constructor, NULL, flags);                                                                          \
         block = heapalloc_arena_alloc(arena, 64), heapalloc_pool_put(pool, block))                                    \
    ENDS(kind##_is_given_a_block_twice_at_once, 0, "pool_put_many", block, "is already free",                          \
         make_pool(constructor, NULL, flags);                                                                          \
         block = heapalloc_pool_get(pool), void *two[] = {block, block}; heapalloc_pool_put_many(pool, two, 2))
WRONG_BLOCKS(plain_pool, NULL, 0)
WRONG_BLOCKS(plain_shared_pool, NULL, HEAPALLOC_POOL_SHARED)
WRONG_BLOCKS(pool_of_objects, construct, 0)

MISUSE(callbacks, pool_whose_constructor_fails, 0, 0, IN_FAST) {
    say_clean();
    for (unsigned flags = 0; flags <= HEAPALLOC_POOL_SHARED; flags++) {
        make_pool(fail, NULL, flags);
        for (int i = 0; i < 1000; i++)
            if (heapalloc_pool_get(pool)) harm("an object that was not constructed", NULL);
        heapalloc_pool_destroy(pool);
    }
    whole();
}

MISUSE(callbacks, pools_of_wrong_options, 0, 0, IN_FAST) {
    say_clean();
    const struct heapalloc_pool_options wrong[] = {
        {.object_bytes = 0},
        {.object_bytes = SIZE_MAX},
        {.object_bytes = HEAPALLOC_POOL_BYTES_MAX + 1},
        {.object_bytes = HEAPALLOC_POOL_BYTES_MAX, .construct = construct},
        {.object_bytes = 64, .align_bytes = 24},
        {.object_bytes = 64, .align_bytes = (size_t)2 * HEAPALLOC_POOL_BYTES_MAX},
        {.object_bytes = 64, .flags = 2},
        {.object_bytes = 64, .destruct = put_back},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (heapalloc_pool_create_with(&wrong[i])) harm("a pool of wrong options", &wrong[i]);
}

/* ---- Collected arenas ------------------------------------------------------------------------------------------ */

static void nothing_to_do(void *block, void *argument) {
    (void)block, (void)argument;
}
static void *place;
static void (*traced)(struct heapalloc_collected *c);
static void trace(struct heapalloc_collected *c, void *argument) {
    (void)argument;
    traced(c);
}
static void trace_by(void (*what)(struct heapalloc_collected *c)) {
    const struct heapalloc_collected_options options = {.trace_roots = trace, .flags = HEAPALLOC_COLLECTED_PRECISE};
    traced = what;
    collected = heapalloc_collected_create(&options);
    place = heapalloc_collected_alloc(collected, 64);
}
static void by_collect(struct heapalloc_collected *c) {
    heapalloc_collected_collect(c);
}
static void by_step(struct heapalloc_collected *c) {
    heapalloc_collected_step(c, 10);
}
static void by_root(struct heapalloc_collected *c) {
    heapalloc_collected_root(c, foreign, 8);
}
static void by_unroot(struct heapalloc_collected *c) {
    heapalloc_collected_unroot(c, foreign);
}
static void by_weak(struct heapalloc_collected *c) {
    heapalloc_collected_weak(c, &place);
}
static void by_unweak(struct heapalloc_collected *c) {
    heapalloc_collected_unweak(c, &place);
}
static void by_store(struct heapalloc_collected *c) {
    heapalloc_collected_store(c, place, NULL);
}
static void by_finalizer(struct heapalloc_collected *c) {
    heapalloc_collected_finalizer(c, place, nothing_to_do, NULL);
}
static void by_plain(struct heapalloc_collected *c) {
    heapalloc_collected_alloc_plain(c, 16);
}
static void by_stats(struct heapalloc_collected *c) {
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(c, &stats);
}
static void by_end(struct heapalloc_collected *c) {
    heapalloc_collected_destroy(c);
}

#define TRACES(name, what, function, sentence) \
    ENDS(name, IN_FAST, function, collected, sentence, trace_by(what), heapalloc_collected_collect(collected))
static const char own_trace[] = "is used by its own trace function";
TRACES(collects_while_it_traces, by_collect, "collected_collect", own_trace)
TRACES(steps_while_it_traces, by_step, "collected_step", own_trace)
TRACES(roots_while_it_traces, by_root, "collected_root", own_trace)
TRACES(unroots_while_it_traces, by_unroot, "collected_unroot", own_trace)
TRACES(refers_while_it_traces, by_weak, "collected_weak", own_trace)
TRACES(refers_no_more_while_it_traces, by_unweak, "collected_unweak", own_trace)
TRACES(stores_while_it_traces, by_store, "collected_store", own_trace)
TRACES(finalises_while_it_traces, by_finalizer, "collected_finalizer", own_trace)
TRACES(allocates_plainly_while_it_traces, by_plain, "collected_alloc_plain", own_trace)
TRACES(counts_while_it_traces, by_stats, "collected_stats", own_trace)
TRACES(ends_while_it_traces, by_end, "collected_destroy", "is destroyed by a function that it calls")

ENDS(stores_at_an_odd_place, IN_FAST, "collected_store", block + 3, "is in no block of this arena",
     block = heapalloc_collected_alloc(collected, 64), heapalloc_collected_store(collected, block + 3, block))
ENDS(unroots_twice, IN_FAST, "collected_unroot", foreign, "is no root of this arena",
     heapalloc_collected_root(collected, foreign, 64);
     heapalloc_collected_unroot(collected, foreign), heapalloc_collected_unroot(collected, foreign))
ENDS(finalises_what_is_free, IN_FAST, "collected_finalizer", block + 64 * 50, "is no used block of this arena",
     block = heapalloc_collected_alloc(collected, 64),
     heapalloc_collected_finalizer(collected, block + 64 * 50, nothing_to_do, NULL))
ENDS(finalises_another_arenas_block, IN_FAST, "collected_finalizer", block, "is no used block of this arena",
     block = heapalloc_collected_alloc(heapalloc_collected_create(NULL), 64),
     heapalloc_collected_finalizer(collected, block, nothing_to_do, NULL))

/* A finaliser waits while another thread ends its arena. */
static void end_elsewhere(void *unused) {
    (void)unused;
    heapalloc_collected_destroy(collected);
}
static void wait_for_the_end(void *block, void *argument) {
    (void)block, (void)argument;
    in_other_thread(end_elsewhere, NULL);
}
ENDS(ended_while_its_thread_collects, IN_FAST, "collected_destroy", collected,
     "is destroyed while another thread collects it",
     heapalloc_collected_finalizer(collected, heapalloc_collected_alloc(collected, 64), wait_for_the_end, NULL),
     for (int i = 0; i < 100; i++) heapalloc_collected_alloc(collected, 64);
     heapalloc_collected_collect(collected); heapalloc_collected_destroy(collected))

static void collect_again(void *block, void *argument) {
    (void)block, (void)argument;
    heapalloc_collected_collect(collected);
    heapalloc_collected_step(collected, 1000);
}
static unsigned resurrections;
static void finalise_again(void *block, void *argument) {
    (void)argument;
    if (resurrections++ < 10000) heapalloc_collected_finalizer(collected, block, finalise_again, NULL);
}
static __attribute__((noinline)) void drop(void (*finaliser)(void *, void *)) {
    for (int i = 0; i < 200; i++)
        heapalloc_collected_finalizer(collected, heapalloc_collected_alloc(collected, 64), finaliser, NULL);
}

MISUSE(callbacks, finalisers_that_collect_and_come_again, 0, 0, IN_FAST) {
    say_clean();
    for (int at_the_end = 0; at_the_end < 2; at_the_end++) {
        collected = heapalloc_collected_create(NULL);
        drop(collect_again);
        drop(finalise_again);
        if (!at_the_end) heapalloc_collected_collect(collected);
        whole();
        heapalloc_collected_destroy(collected);
        whole();
    }
}

MISUSE(callbacks, odd_roots_and_references, 0, 0, IN_FAST) {
    say_clean();
    static void *odd[4];
    collected = heapalloc_collected_create(NULL);
    heapalloc_collected_root(collected, foreign + 1, 30);
    heapalloc_collected_root(collected, foreign + 3, 0);
    heapalloc_collected_root(collected, foreign + 9, 5);
    heapalloc_collected_weak(collected, (void **)(void *)((char *)odd + 3));
    odd[2] = foreign; /* no block */
    heapalloc_collected_weak(collected, &odd[2]);
    heapalloc_collected_weak(collected, &odd[2]);
    heapalloc_collected_collect(collected);
    heapalloc_collected_unweak(collected, &odd[2]);
    heapalloc_collected_unweak(collected, &odd[2]);
    for (int i = 0; i < 100000 && !heapalloc_collected_step(collected, 0);) i++;
    heapalloc_collected_step(collected, SIZE_MAX);
    const struct heapalloc_collected_options endless = {.stack_base = (void *)UINTPTR_MAX};
    if (heapalloc_collected_create(&endless)) harm("a stack up to the last address", NULL);
    heapalloc_collected_destroy(collected);
    whole();
}

/* A child's only thread is the one that forked, and owns what that one made. */
MISUSE(callbacks, child_of_its_thread_collects, 0, 0, IN_FAST) {
    say_clean();
    collected = heapalloc_collected_create(NULL);
    heapalloc_collected_alloc(collected, 64);
    pid_t process = fork();
    if (process == 0) {
        heapalloc_collected_collect(collected);
        heapalloc_collected_destroy(collected);
        whole();
        _exit(0);
    }
    int status = 1;
    waitpid(process, &status, 0);
    if (status != 0) harm("a child could not collect", NULL);
}

/* ---- Calls for those who know ---------------------------------------------------------------------------------- */

static const char not_placed[] = "is no used block of heapalloc_alloc_at()";
ENDS(frees_at_behind_a_block, IN_FAST, "free_at", block + 8, not_placed, block = heapalloc_alloc_at(100, 64, 8),
     heapalloc_free_at(block + 8))
ENDS(frees_at_an_odd_address, IN_FAST, "free_at", block + 1, not_placed, block = heapalloc_alloc_at(100, 64, 8),
     heapalloc_free_at(block + 1))
ENDS(expands_the_middle_of_a_block, 0, "try_expand", block + 16, "is in the middle of a block of * bytes *",
     block = take(100), heapalloc_try_expand(block + 16, 200))
ENDS(expands_an_odd_address, 0, "try_expand", block + 1, "is in the middle of a block of * bytes *", block = take(100),
     heapalloc_try_expand(block + 1, 200))
ENDS(expands_a_small_number, IN_FAST, "try_expand", (void *)16, "is not ours", (void)0,
     heapalloc_try_expand((void *)16, 200))

MISUSE(callbacks, numbers_that_overflow, 0, 0, IN_FAST) {
    say_clean();
    static const size_t odd[] = {0, 1, SIZE_MAX, SIZE_MAX - 100, (size_t)1 << 62, (size_t)1 << 63};
    void *blocks[3];
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++)
            for (int j = 0; j < 6; j++) heapalloc_free_at(heapalloc_alloc_at(odd[i], odd[k], odd[j]));
    if (heapalloc_good_size(SIZE_MAX) || heapalloc_alloc_many(SIZE_MAX, blocks, 3)) harm("all there is", NULL);
    if (heapalloc_reserve(SIZE_MAX) || heapalloc_reserve((size_t)1 << 60) || !heapalloc_reserve(0))
        harm("a wrong reserve", NULL);
    whole();
}
