/* Collected arenas: reachable blocks stay, others are freed; by steps, with weak references and finalisers. */
/* SPDX-License-Identifier: MIT */
#include "extras/collected.h"
#include "heap/fast.h"
#include "inspect/verify.h"
#include "test.h"
#include <heapalloc/collected.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A node of a graph; for precise arenas its trace function names the pointers. */
struct node {
    struct node *to[3];
    uint64_t value;
    size_t bytes;
};

static struct node *roots[64];

static void trace_node(struct heapalloc_collected *collected, void *block, size_t bytes, void *argument) {
    struct node *node = block;
    CHECK(argument == &roots && bytes >= sizeof(*node));
    for (int i = 0; i < 3; i++) heapalloc_collected_visit(collected, node->to[i]);
}
static void trace_roots(struct heapalloc_collected *collected, void *argument) {
    CHECK(argument == &roots);
    for (int i = 0; i < 64; i++) heapalloc_collected_visit(collected, roots[i]);
}

static struct heapalloc_collected *precise(struct heapalloc_collected_options options) {
    memset(roots, 0, sizeof(roots));
    options.trace = trace_node;
    options.trace_roots = trace_roots;
    options.argument = &roots;
    options.flags = HEAPALLOC_COLLECTED_PRECISE;
    options.name = "precise";
    struct heapalloc_collected *collected = collected_create(&options, NULL);
    CHECK(collected != NULL);
    return collected;
}

static struct node *node_of(struct heapalloc_collected *collected, size_t bytes) {
    struct node *node = heapalloc_collected_alloc(collected, bytes);
    if (!node) return NULL;
    for (size_t i = 0; i < bytes; i++) CHECK_EQ(((char *)node)[i], 0);
    node->bytes = bytes;
    node->value = (uintptr_t)node ^ 0x77;
    if (bytes > sizeof(*node)) memset(node + 1, 0x5a, bytes - sizeof(*node));
    return node;
}

static void is_whole(const struct node *node) {
    CHECK_EQ(node->value, (uintptr_t)node ^ 0x77);
    for (size_t i = sizeof(*node); i < node->bytes; i += 1 + node->bytes / 50) CHECK_EQ(((const char *)node)[i], 0x5a);
}

static size_t used_blocks(struct heapalloc_collected *collected) {
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(collected, &stats);
    return stats.used_blocks;
}

static void sound(void) {
    const char *broken = verify_heap();
    if (broken) test_fail(__FILE__, __LINE__, broken, 0, 0);
}

TEST(what_nothing_points_to_is_freed) {
    struct heapalloc_collected *collected = precise((struct heapalloc_collected_options){0});
    CHECK_EQ(heapalloc_collected_collect(collected), 0);
    for (size_t bytes = sizeof(struct node); bytes < 3000000; bytes = bytes * 3 / 2 + 1) {
        roots[0] = node_of(collected, bytes);
        roots[0]->to[0] = node_of(collected, bytes / 2 + sizeof(struct node));
        roots[0]->to[0]->to[2] = roots[0]; /* a ring */
        CHECK_EQ(heapalloc_collected_collect(collected), 0);
        is_whole(roots[0]);
        is_whole(roots[0]->to[0]);
        CHECK_EQ(used_blocks(collected), 2);
        sound();
        roots[0] = NULL;
        CHECK(heapalloc_collected_collect(collected) >= bytes + bytes / 2);
        CHECK_EQ(used_blocks(collected), 0);
    }
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(collected, &stats);
    CHECK_EQ(stats.reserved_bytes, 0);
    heapalloc_collected_destroy(collected);
    test_nothing_is_lost();
}

/* All nodes reachable from the roots, found by the test itself. */
enum { NODES_MAX = 20000 };
static struct node *reached[NODES_MAX];
static size_t reach(void) {
    size_t count = 0;
    static struct node *seen[1 << 17];
    memset(seen, 0, sizeof(seen));
#define SEE(p)                                                                              \
    do {                                                                                    \
        struct node *one = (p);                                                             \
        if (!one) break;                                                                    \
        size_t at = ((uintptr_t)one >> 4) * 2654435761u % (sizeof(seen) / sizeof(*seen));   \
        while (seen[at] && seen[at] != one) at = (at + 1) % (sizeof(seen) / sizeof(*seen)); \
        if (seen[at]) break;                                                                \
        seen[at] = one;                                                                     \
        CHECK(count < NODES_MAX);                                                           \
        reached[count++] = one;                                                             \
    } while (0)
    for (int i = 0; i < 64; i++) SEE(roots[i]);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < 3; k++) SEE(reached[i]->to[k]);
    return count;
}

static uint64_t random_state = 1;
static uint64_t draw(uint64_t below) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

static struct node *any_held(void) {
    struct node *node = roots[draw(64)];
    for (uint64_t steps = draw(6); node && steps > 0; steps--)
        if (node->to[steps % 3]) node = node->to[steps % 3];
    return node;
}

static size_t any_size(void) {
    return sizeof(struct node) + (draw(10) ? draw(200) : draw(20) ? draw(6000) : draw(300000));
}

/* Graphs that change at random, collected at random, at once or by steps; pointers move by the barrier. */
static void change(struct heapalloc_collected *collected) {
    struct node *from = any_held();
    switch (draw(4)) {
    case 0: roots[draw(64)] = node_of(collected, any_size()); break;
    case 1: roots[draw(64)] = draw(2) ? any_held() : NULL; break;
    case 2:
        if (from) heapalloc_collected_store(collected, &from->to[draw(3)], node_of(collected, any_size()));
        break;
    default:
        if (from) heapalloc_collected_store(collected, &from->to[draw(3)], draw(4) ? any_held() : NULL);
    }
}

static void graphs(uint64_t seed, size_t budget) {
    struct heapalloc_collected *collected = precise((struct heapalloc_collected_options){0});
    random_state = seed;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 300; i++) {
            change(collected);
            if (budget && i % 4 == 0) heapalloc_collected_step(collected, budget);
        }
        size_t count = reach();
        for (size_t i = 0; i < count; i++) is_whole(reached[i]);
        if (round % 6 != 5) continue;
        heapalloc_collected_collect(collected);
        CHECK_EQ(used_blocks(collected), count);
        for (size_t i = 0; i < count; i++) is_whole(reached[i]);
        sound();
    }
    heapalloc_collected_destroy(collected);
}

TEST(graphs_keep_what_can_be_reached_and_nothing_else) {
    for (uint64_t seed = 1; seed <= 4; seed++) graphs(seed, 0);
    test_nothing_is_lost();
}
TEST(steps_keep_what_moves_while_they_mark) {
    for (uint64_t seed = 1; seed <= 4; seed++)
        for (size_t budget = 1; budget < 300000; budget *= 20) graphs(seed, budget);
    test_nothing_is_lost();
}

static char *begin_of_stack;
static struct heapalloc_collected *conservative(void) {
    struct heapalloc_collected_options options = {.name = "conservative"};
    struct heapalloc_collected *collected = collected_create(&options, begin_of_stack);
    CHECK(collected != NULL);
    return collected;
}

/* Lists that only a variable of this function points to, also to the inside of their first block. */
static NOINLINE void hold_by_stack(struct heapalloc_collected *collected, size_t inside) {
    struct node *list = NULL;
    for (int i = 0; i < 2000; i++) {
        struct node *node = node_of(collected, sizeof(*node) + (size_t)i % 900);
        node->to[i % 3] = list;
        list = node;
    }
    char *volatile held = (char *)list + inside;
    list = NULL;
    heapalloc_collected_collect(collected);
    list = (struct node *)(held - inside);
    int count = 0;
    for (int i = 1999; i >= 0; i--, count++) {
        is_whole(list);
        list = list->to[i % 3];
    }
    CHECK(count == 2000 && !list);
}

/* Overwrites what earlier calls have left on the stack; not instrumented, as it also overwrites a sanitizer's marks
 * there. */
__attribute__((no_sanitize("address"))) static NOINLINE void clear_stack(void) {
    char volatile rubbish[20000];
    for (size_t i = 0; i < sizeof(rubbish); i++) rubbish[i] = 1;
}

TEST(the_stack_holds_blocks) {
    begin_of_stack = __builtin_frame_address(0);
    struct heapalloc_collected *collected = conservative();
    for (size_t inside = 0; inside < sizeof(struct node); inside += 7) hold_by_stack(collected, inside);
    clear_stack();
    heapalloc_collected_collect(collected);
    CHECK(used_blocks(collected) < 4001); /* all the lists but those that stale words on the stack seem to hold */
    sound();
    heapalloc_collected_destroy(collected);
    test_nothing_is_lost();
}

static NOINLINE void fill_root(struct heapalloc_collected *collected, struct node **root) {
    *root = node_of(collected, 100000);
    (*root)->to[1] = node_of(collected, 50);
}
TEST(registered_roots_hold_blocks) {
    begin_of_stack = __builtin_frame_address(0);
    struct heapalloc_collected *collected = conservative();
    struct node **root = t_malloc(sizeof(*root) * 40);
    memset(root, 0, sizeof(*root) * 40);
    CHECK(heapalloc_collected_root(collected, root, sizeof(*root) * 40));
    fill_root(collected, &root[33]);
    clear_stack();
    heapalloc_collected_collect(collected);
    CHECK_EQ(used_blocks(collected), 2);
    is_whole(root[33]->to[1]);
    root[33] = NULL;
    heapalloc_collected_collect(collected);
    clear_stack();
    heapalloc_collected_collect(collected);
    heapalloc_collected_unroot(collected, root);
    heapalloc_collected_destroy(collected);
    t_free(root);
    test_nothing_is_lost();
}

TEST(plain_blocks_hold_nothing) {
    struct heapalloc_collected *collected = precise((struct heapalloc_collected_options){0});
    struct node **plain = heapalloc_collected_alloc_plain(collected, 200000);
    roots[0] = (struct node *)plain;
    plain[5] = node_of(collected, 64);
    CHECK(heapalloc_collected_collect(collected) == 64);
    heapalloc_collected_destroy(collected);
    test_nothing_is_lost();
}

TEST(weak_references_become_null) {
    struct heapalloc_collected *collected = precise((struct heapalloc_collected_options){0});
    enum { WEAK = 500 };
    static void *places[WEAK];
    void *elsewhere = &elsewhere;
    for (int i = 0; i < WEAK; i++) {
        struct node *node = node_of(collected, 40 + (size_t)i * 3);
        if (i % 5 == 0 && i / 5 < 64) roots[i / 5] = node;
        places[i] = node;
        CHECK(heapalloc_collected_weak(collected, &places[i]));
    }
    CHECK(heapalloc_collected_weak(collected, &elsewhere) && heapalloc_collected_weak(collected, &elsewhere));
    for (int i = 1; i < WEAK; i += 50) heapalloc_collected_unweak(collected, &places[i]);
    heapalloc_collected_collect(collected);
    for (int i = 0; i < WEAK; i++) {
        bool held = i % 5 == 0 && i / 5 < 64, forgotten = i % 50 == 1;
        CHECK_EQ(places[i] != NULL, held || forgotten);
        if (held) CHECK(places[i] == roots[i / 5]);
    }
    CHECK(elsewhere == &elsewhere);
    void **inside = heapalloc_collected_alloc_plain(collected, 64); /* ends with its block */
    *inside = node_of(collected, 64);
    CHECK(heapalloc_collected_weak(collected, inside));
    heapalloc_collected_collect(collected);
    CHECK_EQ(used_blocks(collected), 64);
    heapalloc_collected_destroy(collected);
    test_nothing_is_lost();
}

static struct {
    int count;
    struct heapalloc_collected *collected;
    struct node *saved;
} finals;
static void count_final(void *block, void *argument) {
    is_whole(block);
    is_whole(((struct node *)block)->to[0]); /* what it reaches stays alive as well */
    CHECK(argument == &finals);
    finals.count++;
}
static void save_final(void *block, void *argument) {
    count_final(block, argument);
    roots[0] = finals.saved = block;
}
static void busy_final(void *block, void *argument) {
    count_final(block, argument);
    for (int i = 0; i < 100; i++) node_of(finals.collected, 100);
    heapalloc_collected_collect(finals.collected);
    is_whole(block);
}
static struct node *pair(struct heapalloc_collected *collected, void (*function)(void *, void *)) {
    struct node *node = node_of(collected, 300);
    node->to[0] = node_of(collected, 100);
    CHECK(heapalloc_collected_finalizer(collected, node, function, &finals));
    return node;
}

TEST(finalisers_run_once_and_may_save_their_block) {
    finals.count = 0;
    struct heapalloc_collected *collected = finals.collected = precise((struct heapalloc_collected_options){0});
    for (int i = 0; i < 100; i++) pair(collected, count_final);
    CHECK_EQ(heapalloc_collected_collect(collected), 0); /* they stay alive until it has run */
    CHECK_EQ(finals.count, 100);
    heapalloc_collected_collect(collected);
    CHECK(finals.count == 100 && used_blocks(collected) == 0);
    pair(collected, save_final);
    heapalloc_collected_collect(collected);
    CHECK_EQ(finals.count, 101);
    CHECK_EQ(heapalloc_collected_collect(collected), 0);
    is_whole(finals.saved);
    roots[0] = NULL;
    heapalloc_collected_collect(collected);
    CHECK(finals.count == 101 && used_blocks(collected) == 0);
    for (int i = 0; i < 10; i++) pair(collected, count_final);
    roots[1] = pair(collected, count_final);
    while (!heapalloc_collected_step(collected, 100)) {
    }
    CHECK_EQ(finals.count, 111);
    heapalloc_collected_destroy(collected);
    CHECK_EQ(finals.count, 112); /* at the latest then */
    test_nothing_is_lost();
}

TEST(finalisers_may_allocate_and_collect) {
    finals.count = 0;
    begin_of_stack = __builtin_frame_address(0);
    struct heapalloc_collected *collected = finals.collected = conservative();
    for (int i = 0; i < 50; i++) pair(collected, busy_final);
    clear_stack();
    heapalloc_collected_collect(collected);
    clear_stack();
    heapalloc_collected_collect(collected);
    CHECK(finals.count > 40); /* a few may seem to be held */
    heapalloc_collected_destroy(collected);
    CHECK_EQ(finals.count, 50);
    test_nothing_is_lost();
}

TEST(an_arena_collects_by_itself_when_it_has_grown) {
    struct heapalloc_collected *collected = precise((struct heapalloc_collected_options){.growth_percent = 100});
    struct heapalloc_collected_stats stats;
    for (int i = 0; i < 300000; i++) {
        struct node *node = node_of(collected, 64);
        if (i % 100 == 0) roots[i / 100 % 64] = node;
    }
    heapalloc_collected_stats(collected, &stats);
    CHECK(stats.collection_count > 5 && stats.reserved_bytes < 4 << 20);
    heapalloc_collected_destroy(collected);
    test_nothing_is_lost();
}

TEST(a_limit_makes_an_arena_collect) {
    struct heapalloc_collected *collected =
        precise((struct heapalloc_collected_options){.growth_percent = 100000, .limit_bytes = 200000});
    for (int i = 0; i < 100000; i++) CHECK(node_of(collected, 64 + (size_t)i % 64) != NULL);
    roots[0] = node_of(collected, 150000);
    CHECK(roots[0] && !node_of(collected, 150000));
    roots[0] = NULL;
    CHECK(node_of(collected, 150000) != NULL);
    heapalloc_collected_destroy(collected);
    test_nothing_is_lost();
}

/* A list is the worst for a stack of ranges; a wide block the worst for its memory, which is refused. */
HEAP_TEST(collected_arenas_are_sound_when_memory_is_refused) {
    struct heapalloc_collected_options options = {
        .trace_roots = trace_roots, .argument = &roots, .flags = HEAPALLOC_COLLECTED_PRECISE};
    memset(roots, 0, sizeof(roots));
    struct heapalloc_collected *collected = collected_create(&options, NULL);
    if (!collected) return;
    void **wide = heapalloc_collected_alloc(collected, 8000);
    roots[0] = (struct node *)wide;
    size_t held = wide != NULL;
    for (int i = 0; wide && i < 1000; i++) held += (wide[i] = heapalloc_collected_alloc(collected, 30)) != NULL;
    heapalloc_collected_weak(collected, (void **)&options.argument);
    if (wide && wide[0]) heapalloc_collected_finalizer(collected, wide[0], count_final, NULL);
    if (wide) wide[0] = wide[0] ? wide[1] : NULL, held -= wide[1] != NULL && wide[0] != NULL;
    finals.count = 0;
    heapalloc_collected_root(collected, &options, sizeof(options));
    collected->finals.count = 0; /* none may run: its block is no node */
    heapalloc_collected_collect(collected);
    CHECK_EQ(used_blocks(collected), held);
    heapalloc_collected_destroy(collected);
}

static void *collect_elsewhere(void *collected) {
    expect_stop("did not make it", heapalloc_collected_collect(collected));
    return NULL;
}

static void trace_badly(struct heapalloc_collected *collected, void *argument) {
    (void)argument;
    heapalloc_collected_collect(collected);
}

TEST(misuse_of_collected_arenas_is_named) {
    test_leaves_a_broken_heap();
    begin_of_stack = __builtin_frame_address(0);
    struct heapalloc_collected_options wrong = {.flags = HEAPALLOC_COLLECTED_PRECISE};
    CHECK(!collected_create(&wrong, begin_of_stack)); /* precise without roots */
    wrong.flags = 2;
    CHECK(!collected_create(&wrong, begin_of_stack));
    struct heapalloc_collected *collected = conservative();
    char *block = heapalloc_collected_alloc(collected, 100), *foreign = t_malloc(100);
    CHECK(!heapalloc_collected_alloc(collected, SIZE_MAX) && !heapalloc_collected_alloc(collected, SIZE_MAX / 2));
    expect_stop("belongs to an arena", t_free(block));
    expect_stop("is not a collected arena", heapalloc_collected_alloc(NULL, 1));
    expect_stop("is not a collected arena", heapalloc_collected_collect((void *)foreign));
    expect_stop("is no used block of this arena", heapalloc_collected_finalizer(collected, foreign, count_final, NULL));
    expect_stop("is no used block", heapalloc_collected_finalizer(collected, block + 16, count_final, NULL));
    expect_stop("without a function", heapalloc_collected_finalizer(collected, block, NULL, NULL));
    expect_stop("is no place of a reference", heapalloc_collected_weak(collected, NULL));
    expect_stop("is no root of this arena", heapalloc_collected_unroot(collected, block));
    expect_stop("is no root", heapalloc_collected_root(collected, NULL, 8));
    expect_stop("outside of its trace functions", heapalloc_collected_visit(collected, block));
    expect_stop("is no place for statistics", heapalloc_collected_stats(collected, NULL));
    struct heapalloc_collected_options bad = {.trace_roots = trace_badly, .flags = HEAPALLOC_COLLECTED_PRECISE};
    struct heapalloc_collected *other = collected_create(&bad, NULL);
    expect_stop("by its own trace function", heapalloc_collected_collect(other));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, collect_elsewhere, collected) == 0);
    pthread_join(thread, NULL);
    heapalloc_collected_destroy(collected);
    heapalloc_collected_destroy(NULL);
    expect_stop("is not a collected arena", heapalloc_collected_destroy(collected));
}
