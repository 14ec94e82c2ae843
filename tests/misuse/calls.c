/* Misuse: arguments that are wrong for what they are given to, of each public function that takes a pointer. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "weak.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

/* CALL(NAME, FUNCTION, POINTER, SENTENCE, STATEMENT): the statement, which may use these, ends with FUNCTION's sentence
 * about POINTER. */
#define CALL(name, function, pointer, sentence, ...)                  \
    MISUSE(calls, name, 0, 0, IN_FAST) {                              \
        struct heapalloc_arena *arena = heapalloc_arena_create(NULL); \
        char *block = heapalloc_arena_alloc(arena, 64);               \
        char *next = heapalloc_arena_alloc(arena, 64);                \
        const void *told = pointer;                                   \
        (void)block, (void)next;                                      \
        say_caught_object("heapalloc_" function, told, sentence);     \
        __VA_ARGS__;                                                  \
        not_caught();                                                 \
    }

static const char no_place[] = "is no place for statistics", not_mine[] = "is no block of this arena";
static const char rewound[] = "was rewound or reset after this mark was made";
static char foreign[4096];

CALL(statistics_to_nowhere, "stats", NULL, no_place, heapalloc_stats(NULL))
CALL(statistics_to_a_small_number, "stats", (void *)24, no_place, heapalloc_stats((void *)(uintptr_t)told))
CALL(statistics_to_an_odd_address, "stats", block + 1, no_place, heapalloc_stats((void *)(uintptr_t)told))
CALL(statistics_as_text_to_a_small_number, "stats_json", (void *)24, no_place,
     heapalloc_stats_json((char *)(uintptr_t)told, 10))
CALL(statistics_of_an_arena_to_an_odd_address, "arena_stats", block + 4, no_place,
     heapalloc_arena_stats(arena, (void *)(uintptr_t)told))
CALL(makes_an_arena_of_a_small_number, "arena_create", (void *)24, "are no options",
     if (heapalloc_arena_create((const void *)(uintptr_t)told)) not_caught())
CALL(statistics_as_text_to_nowhere, "stats_json", NULL, no_place, heapalloc_stats_json(NULL, 10))
CALL(statistics_of_an_arena_to_nowhere, "arena_stats", NULL, no_place, heapalloc_arena_stats(arena, NULL))

/* ---- Arenas ------------------------------------------------------------------------------------------------- */

CALL(resizes_what_is_of_no_arena, "arena_realloc", foreign, not_mine, heapalloc_arena_realloc(arena, foreign, 64, 200))
CALL(resizes_garbage, "arena_realloc", (void *)0x1230, not_mine,
     heapalloc_arena_realloc(arena, (void *)0x1230, 64, 200))
CALL(resizes_what_lies_between, "arena_realloc", block + 8, not_mine, heapalloc_arena_realloc(arena, block + 8, 8, 200))
CALL(resizes_what_is_not_handed_out, "arena_realloc", next + 64, not_mine,
     heapalloc_arena_realloc(arena, next + 64, 64, 200))
CALL(resizes_a_block_of_malloc, "arena_realloc", (block = take(64)), not_mine,
     heapalloc_arena_realloc(arena, block, 64, 200))
CALL(resizes_another_arenas_block, "arena_realloc", (block = heapalloc_arena_alloc(heapalloc_arena_create(NULL), 64)),
     not_mine, heapalloc_arena_realloc(arena, block, 64, 200))
CALL(resizes_a_block_told_too_long, "arena_realloc", block, "is not as long as it is told to be",
     heapalloc_arena_realloc(arena, block, (size_t)1 << 40, 200))
CALL(resizes_a_block_told_endless, "arena_realloc", block, "is not as long as it is told to be",
     heapalloc_arena_realloc(arena, block, SIZE_MAX, 200))
CALL(cleans_up_without_a_function, "arena_cleanup", arena, "is given a cleanup without a function",
     heapalloc_arena_cleanup(arena, NULL, NULL))

static struct heapalloc_arena_position mark_of_another(void) {
    struct heapalloc_arena *other = heapalloc_arena_create(NULL);
    heapalloc_arena_alloc(other, 16);
    return heapalloc_arena_mark(other);
}
CALL(rewinds_to_another_arenas_mark, "arena_rewind", arena, rewound, heapalloc_arena_rewind(arena, mark_of_another()))

/* Two arenas over the caller's memory, of which neither has chunks by which marks could be told apart. */
static struct heapalloc_arena *over(char *memory) {
    const struct heapalloc_arena_options options = {.memory = memory, .memory_bytes = 2048, .limit_bytes = 1};
    return heapalloc_arena_create(&options);
}
CALL(rewinds_to_a_mark_in_other_memory, "arena_rewind", (arena = over(foreign)), rewound,
     heapalloc_arena_rewind(arena, heapalloc_arena_mark(over(foreign + 2048))))
CALL(rewinds_to_a_mark_in_memory_before, "arena_rewind", (arena = over(foreign + 2048)), rewound,
     heapalloc_arena_rewind(arena, heapalloc_arena_mark(over(foreign))))

static struct heapalloc_arena_position younger(struct heapalloc_arena *arena) {
    struct heapalloc_arena_position before = heapalloc_arena_mark(arena);
    heapalloc_arena_alloc(arena, 100);
    struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
    heapalloc_arena_rewind(arena, before);
    return mark;
}
CALL(rewinds_to_what_is_no_more, "arena_rewind", arena, rewound, heapalloc_arena_rewind(arena, younger(arena)))

static void wrongly(void *what) {
    harm("a cleanup of what is not rewound was called", what);
}
static struct heapalloc_arena_position with_a_cleanup(struct heapalloc_arena *arena) {
    heapalloc_arena_cleanup(arena, wrongly, NULL);
    heapalloc_arena_alloc(arena, 1000);
    struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
    mark.cleanup = foreign; /* as of one that is gone */
    return mark;
}
CALL(rewinds_beyond_its_cleanups, "arena_rewind", arena, rewound, heapalloc_arena_rewind(arena, with_a_cleanup(arena)))

static struct heapalloc_arena_position before_a_reset(struct heapalloc_arena *arena) {
    struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
    heapalloc_arena_reset(arena);
    return mark;
}
CALL(rewinds_beyond_a_reset, "arena_rewind", arena, rewound, heapalloc_arena_rewind(arena, before_a_reset(arena)))

static void reset(void *arena) {
    heapalloc_arena_reset(arena);
}
CALL(resets_in_a_cleanup_of_a_rewind, "arena_rewind", arena, rewound,
     struct heapalloc_arena_position mark = heapalloc_arena_mark(arena);
     heapalloc_arena_cleanup(arena, reset, arena), heapalloc_arena_rewind(arena, mark))

/* The arena stays whole, whatever sizes are told. */
MISUSE(calls, arena_is_told_wrong_sizes, 0, 0, IN_FAST) {
    say_clean();
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    char *block = heapalloc_arena_alloc(arena, 64);
    heapalloc_arena_free(arena, block - 4096, 4096 + 64);
    heapalloc_arena_free(arena, block, SIZE_MAX);
    heapalloc_arena_free(arena, block + 64, SIZE_MAX);
    heapalloc_arena_free(arena, foreign, 64);
    heapalloc_arena_free(arena, NULL, SIZE_MAX);
    char *next = heapalloc_arena_alloc(arena, 64);
    if (next < block || next > block + 64) harm("an arena serves from elsewhere", next);
    if (heapalloc_arena_realloc(arena, next, 64, SIZE_MAX)) harm("a block as long as everything", next);
    if (heapalloc_arena_memdup(arena, foreign, SIZE_MAX)) harm("a copy as long as everything", NULL);
    const char *none = NULL;
    if (heapalloc_arena_strdup(arena, NULL) || heapalloc_arena_memdup(arena, NULL, 8)) harm("a copy of nothing", NULL);
    if (heapalloc_arena_printf(arena, none)) harm("a text without a format", NULL);
    const struct heapalloc_arena_options endless = {.memory = foreign, .memory_bytes = SIZE_MAX};
    const struct heapalloc_arena_options nowhere = {.memory_bytes = 64}, flags = {.flags = 64},
                                         align = {.align_bytes = 24};
    if (heapalloc_arena_create(&endless) || heapalloc_arena_create(&nowhere)) harm("an arena over nothing", NULL);
    if (heapalloc_arena_create(&flags) || heapalloc_arena_create(&align)) harm("an arena of wrong options", NULL);
}

/* ---- Pools -------------------------------------------------------------------------------------------------- */

CALL(makes_a_pool_without_options, "pool_create_with", NULL, "are no options", heapalloc_pool_create_with(NULL))
CALL(makes_a_pool_of_a_small_number, "pool_create_with", (void *)24, "are no options",
     heapalloc_pool_create_with((const void *)(uintptr_t)told))
CALL(takes_blocks_to_an_odd_address, "pool_get_many", block + 4, "is no room for blocks",
     heapalloc_pool_get_many(heapalloc_pool_create(64, 0), (void **)(uintptr_t)told, 1))
CALL(takes_blocks_to_nowhere, "pool_get_many", NULL, "is no room for blocks",
     heapalloc_pool_get_many(heapalloc_pool_create(64, 0), NULL, 1))
CALL(puts_blocks_from_nowhere, "pool_put_many", NULL, "is no list of blocks",
     heapalloc_pool_put_many(heapalloc_pool_create(64, 0), NULL, 1))
CALL(statistics_of_a_pool_to_nowhere, "pool_stats", NULL, no_place,
     heapalloc_pool_stats(heapalloc_pool_create(64, 0), NULL))

static bool constructs(void *object, void *argument) {
    (void)object, (void)argument;
    return true;
}
static void destroys(void *object, void *pool) {
    (void)object;
    heapalloc_pool_destroy(*(struct heapalloc_pool **)pool);
}
static struct heapalloc_pool *pool_that_destroys_itself(void) {
    static struct heapalloc_pool *pool;
    const struct heapalloc_pool_options options = {
        .object_bytes = 64, .construct = constructs, .destruct = destroys, .argument = &pool};
    pool = heapalloc_pool_create_with(&options);
    heapalloc_pool_get(pool);
    return pool;
}
CALL(pool_is_destroyed_by_its_destructor, "pool_destroy", (block = (char *)pool_that_destroys_itself()),
     "is not a pool", heapalloc_pool_destroy((struct heapalloc_pool *)block))

static struct heapalloc_pool *a_pool(unsigned flags) {
    const struct heapalloc_pool_options options = {.object_bytes = 64, .flags = flags};
    return heapalloc_pool_create_with(&options);
}
#define PUTS(kind, flags)                                                                 \
    MISUSE(calls, kind##_is_given_what_is_foreign, 0, 0, 0) {                             \
        say_caught_object("heapalloc_pool_put", foreign, "does not belong to this pool"); \
        heapalloc_pool_put(a_pool(flags), foreign);                                       \
        not_caught();                                                                     \
    }                                                                                     \
    MISUSE(calls, kind##_is_given_a_block_twice, 0, 0, 0) {                               \
        struct heapalloc_pool *pool = a_pool(flags);                                      \
        void *block = heapalloc_pool_get(pool);                                           \
        heapalloc_pool_put(pool, block);                                                  \
        say_caught_object("heapalloc_pool_put", block, "is already free");                \
        heapalloc_pool_put(pool, block);                                                  \
        not_caught();                                                                     \
    }
PUTS(pool, 0)
PUTS(shared_pool, HEAPALLOC_POOL_SHARED)

/* ---- Collected arenas --------------------------------------------------------------------------------------- */

#define COLLECTED(name, function, pointer, sentence, ...)                              \
    MISUSE(calls, name, 0, 0, IN_FAST) {                                               \
        struct heapalloc_collected *collected = heapalloc_collected_create(NULL);      \
        char *volatile held = heapalloc_collected_alloc(collected, 64), *block = held; \
        say_caught_object("heapalloc_collected_" function, pointer, sentence);         \
        __VA_ARGS__;                                                                   \
        (void)block;                                                                   \
        not_caught();                                                                  \
    }

static void finalise(void *block, void *argument) {
    (void)block, (void)argument;
}
static void finalise_all(void *block, void *collected) {
    (void)block;
    heapalloc_collected_destroy(collected);
}
static void *collect(void *collected) {
    heapalloc_collected_collect(collected);
    return NULL;
}
static void *allocate(void *collected) {
    heapalloc_collected_alloc(collected, 16);
    return NULL;
}
static void in_a_thread(void *(*work)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, argument) == 0) pthread_join(thread, NULL);
}

COLLECTED(root_of_nothing, "root", NULL, "is no root", heapalloc_collected_root(collected, NULL, 8))
COLLECTED(root_without_an_end, "root", foreign, "is no root", heapalloc_collected_root(collected, foreign, SIZE_MAX))
COLLECTED(unroots_what_is_no_root, "unroot", foreign, "is no root of this arena",
          heapalloc_collected_unroot(collected, foreign))
COLLECTED(weak_reference_nowhere, "weak", NULL, "is no place of a reference", heapalloc_collected_weak(collected, NULL))
COLLECTED(stores_to_nothing, "store", NULL, "is in no block of this arena",
          heapalloc_collected_store(collected, NULL, block))
COLLECTED(stores_into_what_is_foreign, "store", foreign, "is in no block of this arena",
          heapalloc_collected_store(collected, foreign, block))
COLLECTED(finalises_what_is_foreign, "finalizer", foreign, "is no used block of this arena",
          heapalloc_collected_finalizer(collected, foreign, finalise, NULL))
COLLECTED(finalises_within_a_block, "finalizer", block + 16, "is no used block of this arena",
          heapalloc_collected_finalizer(collected, block + 16, finalise, NULL))
COLLECTED(finalises_without_a_function, "finalizer", block, "is given a finaliser without a function",
          heapalloc_collected_finalizer(collected, block, NULL, NULL))
COLLECTED(visits_outside_of_tracing, "visit", collected, "is visited outside of its trace functions",
          heapalloc_collected_visit(collected, block))
COLLECTED(statistics_of_collected_to_nowhere, "stats", NULL, no_place, heapalloc_collected_stats(collected, NULL))
COLLECTED(collects_in_another_thread, "collect", collected, "is used by a thread that did not make it",
          in_a_thread(collect, collected))
COLLECTED(allocates_in_another_thread, "alloc", collected, "is used by a thread that did not make it",
          in_a_thread(allocate, collected))
COLLECTED(destroys_in_a_finaliser_at_its_end, "destroy", collected, "is destroyed by a function that it calls",
          heapalloc_collected_finalizer(collected, block, finalise_all, collected),
          heapalloc_collected_destroy(collected))

static struct heapalloc_collected *of_the_stack;
static void collect_at_a_signal(int signal) {
    (void)signal;
    heapalloc_collected_collect(of_the_stack);
}
static void on_a_signal_stack(struct heapalloc_collected *collected) {
    const stack_t stack = {.ss_sp = take(1 << 16), .ss_size = 1 << 16};
    const struct sigaction action = {.sa_handler = collect_at_a_signal, .sa_flags = SA_ONSTACK};
    of_the_stack = collected;
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) return;
    raise(SIGUSR1);
}
COLLECTED(collects_on_a_signal_stack, "collect", collected, "is collected on a stack that is not its thread's own",
          on_a_signal_stack(collected))

#ifdef __GLIBC__ /* musl has no contexts */
static ucontext_t thread_context, coroutine_context;
static void collect_there(void) {
    heapalloc_collected_collect(of_the_stack);
}
static void in_a_coroutine(struct heapalloc_collected *collected) {
    of_the_stack = collected;
    getcontext(&coroutine_context);
    coroutine_context.uc_stack.ss_sp = take(1 << 16);
    coroutine_context.uc_stack.ss_size = 1 << 16;
    coroutine_context.uc_link = &thread_context;
    makecontext(&coroutine_context, collect_there, 0);
    swapcontext(&thread_context, &coroutine_context);
}
COLLECTED(collects_in_a_coroutine, "collect", collected, "is collected on a stack that is not its thread's own",
          in_a_coroutine(collected))
#endif

static void trace_and_allocate(struct heapalloc_collected *collected, void *argument) {
    (void)argument;
    heapalloc_collected_alloc(collected, 16);
}
MISUSE(calls, allocates_while_it_traces, 0, 0, IN_FAST) {
    const struct heapalloc_collected_options options = {.trace_roots = trace_and_allocate,
                                                        .flags = HEAPALLOC_COLLECTED_PRECISE};
    struct heapalloc_collected *collected = heapalloc_collected_create(&options);
    say_caught_object("heapalloc_collected_alloc", collected, "is used by its own trace function");
    heapalloc_collected_collect(collected);
    not_caught();
}

/* A finaliser is called once its block cannot be reached: from a function's frame that is gone, or at the end. */
static __attribute__((noinline)) void drop(struct heapalloc_collected *collected) {
    for (int i = 0; i < 100; i++)
        heapalloc_collected_finalizer(collected, heapalloc_collected_alloc(collected, 64), finalise_all, collected);
}
MISUSE(calls, destroys_in_a_finaliser, 0, 0, IN_FAST) {
    struct heapalloc_collected *collected = heapalloc_collected_create(NULL);
    say_caught_object("heapalloc_collected_destroy", collected, "is destroyed by a function that it calls");
    drop(collected);
    heapalloc_collected_collect(collected);
    not_caught();
}

MISUSE(calls, collected_arenas_of_wrong_options, 0, 0, IN_FAST) {
    say_clean();
    const struct heapalloc_collected_options below = {.stack_base = (void *)16}, flags = {.flags = 64};
    const struct heapalloc_collected_options rootless = {.flags = HEAPALLOC_COLLECTED_PRECISE};
    if (heapalloc_collected_create(&below)) harm("a stack that begins below this function", NULL);
    if (heapalloc_collected_create(&flags) || heapalloc_collected_create(&rootless)) harm("wrong flags", NULL);
    struct heapalloc_collected *collected = heapalloc_collected_create(NULL);
    heapalloc_collected_unweak(collected, NULL);
    heapalloc_collected_unweak(collected, (void **)foreign);
    if (heapalloc_collected_alloc(collected, SIZE_MAX)) harm("a block as long as everything", NULL);
}

/* ---- Calls for those who know ------------------------------------------------------------------------------- */

static const char not_placed[] = "is no used block of heapalloc_alloc_at()";

static char *freed(char *block) {
    heapalloc_free_at(block);
    heapalloc_trim();
    return block;
}
static char *gone(void) {
    char *block = take((size_t)3 << 30);
    free(block);
    heapalloc_trim();
    return block + (1 << 20);
}
CALL(frees_at_what_is_foreign, "free_at", foreign + 64, not_placed, heapalloc_free_at(foreign + 64))
CALL(frees_at_garbage, "free_at", (void *)16, not_placed, heapalloc_free_at((void *)16))
CALL(frees_at_a_block_of_malloc, "free_at", (block = take(100)), not_placed, heapalloc_free_at(block))
CALL(frees_at_twice, "free_at", (block = freed(heapalloc_alloc_at(100, 64, 8))), not_placed, heapalloc_free_at(block))
CALL(frees_at_twice_a_large_one, "free_at", (block = freed(heapalloc_alloc_at((size_t)3 << 30, 64, 8))), not_placed,
     heapalloc_free_at(block))
CALL(frees_at_what_is_not_mapped, "free_at", (block = gone()), not_placed, heapalloc_free_at(block))
CALL(expands_what_is_free, "try_expand", (free(block = take(20000)), block), "is already free",
     heapalloc_try_expand(block, 50000))
CALL(allocates_many_to_nowhere, "alloc_many", NULL, "is no room for blocks", heapalloc_alloc_many(16, NULL, 1))
CALL(allocates_many_to_a_small_number, "alloc_many", (void *)24, "is no room for blocks",
     heapalloc_alloc_many(16, (void **)(uintptr_t)told, 1))
CALL(frees_many_from_nowhere, "free_many", NULL, "is no list of blocks", heapalloc_free_many(NULL, 1))
CALL(expands_what_is_foreign, "try_expand", foreign, "is not ours", heapalloc_try_expand(foreign, 16))
CALL(expands_an_arenas_block, "try_expand", block, "belongs to an arena", heapalloc_try_expand(block, 16))

MISUSE(calls, refused_with_an_error, 0, 0, IN_FAST) {
    say_clean();
    errno = 0;
    if (heapalloc_option_set(NULL, "1") || errno != EINVAL) harm("an option without a name", NULL);
    if (heapalloc_option_set("limit", NULL)) harm("a limit of nothing", NULL);
    if (heapalloc_option_get(NULL) || heapalloc_option_get("no such")) harm("an option that is none", NULL);
    if (heapalloc_alloc_at(16, 0, 0) || heapalloc_alloc_at(16, 3, 0) || errno != EINVAL)
        harm("a wrong alignment", NULL);
    if (heapalloc_alloc_at(SIZE_MAX, 16, SIZE_MAX) || errno != ENOMEM) harm("more than there is", NULL);
    if (heapalloc_try_expand(NULL, 16) || heapalloc_try_expand(take(16), SIZE_MAX)) harm("expanded nothing", NULL);
    heapalloc_walk(NULL, NULL);
    static const size_t wrong[] = {3, 24, 48, (size_t)1 << 20, (size_t)-1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (heapalloc_pool_create(16, wrong[i])) harm("a pool was made of a wrong alignment", NULL);
    if (heapalloc_pool_create(0, 0) || heapalloc_pool_create((size_t)1 << 30, 0)) harm("a pool of no size", NULL);
}
