/* A million random operations on one heap, compared with the model, the verifier run throughout. */
/* SPDX-License-Identifier: MIT */
#include "fake/fake.h"
#include "heap/fast.h"
#include "heap/trim.h"
#include "inspect/verify.h"
#include "model.h"
#include "sampled.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct scene {
    const char *name;
    struct mix mix;
    uint64_t steps; /* for a run of a million in all */
    uint64_t verify_every;
    struct fake_script script;
    uint64_t rate; /* a profiler is told of allocations, so many bytes apart */
};

#define WORLD .page_bytes = 4096, .can_purge = true, .can_move = true, .now_ms = 1000, .random = 0x5eed

/* Small heaps are verified after every step, large ones now and then. */
static const struct scene scenes[] = {
    {"small, every step", {60, 1 << 20, 300000}, 20000, 1, {WORLD, .has_home = true}, 0},
    {"small, in further spans", {60, 1 << 20, 300000}, 10000, 1, {WORLD, .has_home = false}, 0},
    {"tiny blocks", {20000, 4 << 20, 512}, 250000, 2500, {WORLD, .has_home = true}, 0},
    {"all sizes", {3000, 96 << 20, 8 << 20}, 200000, 1000, {WORLD, .has_home = true, .is_sparse = true}, 0},
    {"all sizes, dense", {3000, 96 << 20, 8 << 20}, 100000, 1000, {WORLD, .has_home = true}, 0},
    {"all sizes, pages of 64 KiB",
     {1000, 48 << 20, 8 << 20},
     100000,
     500,
     {.page_bytes = 65536, .has_home = true, .can_purge = true, .can_move = true, .now_ms = 1, .random = 3},
     0},
    {"nothing purged, nothing moved",
     {1000, 48 << 20, 8 << 20},
     80000,
     500,
     {.page_bytes = 4096, .has_home = true, .random = 7},
     0},
    {"in further spans", {1000, 48 << 20, 8 << 20}, 90000, 500, {WORLD}, 0},
    {"memory for half of it",
     {1000, 48 << 20, 8 << 20},
     80000,
     200,
     {WORLD, .has_home = true, .memory_max = 24 << 20},
     0},
    {"every second request refused",
     {1000, 96 << 20, 8 << 20},
     60000,
     500,
     {WORLD, .has_home = true, .fail_each = 2, .is_sparse = true},
     0},
    {"every third request refused",
     {1000, 96 << 20, 8 << 20},
     60000,
     500,
     {WORLD, .has_home = true, .fail_each = 3},
     0},
    {"sampled", {3000, 96 << 20, 8 << 20}, 60000, 500, {WORLD, .has_home = true}, 20000},
    {"sampled, small", {20000, 4 << 20, 512}, 60000, 1000, {WORLD, .has_home = true}, 1000},
    {"sampled, memory for half of it",
     {1000, 48 << 20, 8 << 20},
     40000,
     200,
     {WORLD, .has_home = true, .memory_max = 24 << 20},
     4096},
    {"each block known", {1000, 48 << 20, 300000}, 40000, 100, {WORLD, .has_home = true}, 1},
    {"space for half of it", {1000, 48 << 20, 8 << 20}, 70000, 200, {WORLD, .space_max = 24 << 20}, 0},
};
enum { SCENES = sizeof(scenes) / sizeof(scenes[0]) };

static void verify(const struct model *model) {
    const char *broken = verify_heap();
    if (broken) model_wrong(model, broken, NULL, 0);
}

static void play(const struct scene *scene, uint64_t seed, uint64_t steps) {
    struct model model;
    fake = scene->script;
    model_open(&model, seed, scene->mix);
    if (scene->rate > 0 && config_safety != 0) sampled_begin(scene->rate, seed);
    for (uint64_t i = 0; i < steps; i++) {
        model_step(&model);
        if (i % scene->verify_every == 0) verify(&model);
        if (i % (steps / 8 + 1) == 0) model_compare(&model);
    }
    model_close(&model);
    if (sampled.taken != sampled.freed || (scene->rate > 0 && config_safety != 0 && sampled.taken == 0))
        model_wrong(&model, "freed blocks that a profiler knows, or none", NULL,
                    (size_t)(sampled.taken - sampled.freed));
    verify(&model);
    heap_trim(heap_self);
    verify(&model);
}

/* A scene has a process of its own, because the heap is one per process. */
static bool play_apart(const struct scene *scene, uint64_t seed, uint64_t millions_of_steps) {
    uint64_t steps = scene->steps * millions_of_steps / 100;
    printf("%s: seed %llu, %llu steps\n", scene->name, (unsigned long long)seed, (unsigned long long)steps);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        play(scene, seed, steps);
        _exit(0);
    }
    int status = 1;
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) return true;
    fprintf(stderr, "%s: failed with seed %llu\n", scene->name, (unsigned long long)seed);
    return false;
}

/* model_test [PERCENT_OF_A_MILLION [SEED [SCENE]]]; SCENE alone runs in this process, for a debugger. */
int main(int count, char **arguments) {
    uint64_t percent = count > 1 ? strtoull(arguments[1], NULL, 0) : 100;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 20231;
    if (count > 3) {
        const struct scene *scene = &scenes[strtoull(arguments[3], NULL, 0) % SCENES];
        play(scene, seed, scene->steps * percent / 100);
        return 0;
    }
    bool good = true;
    for (size_t i = 0; i < SCENES; i++) good &= play_apart(&scenes[i], seed + i, percent);
    return good ? 0 : 1;
}
