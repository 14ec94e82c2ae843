/* The workloads of a compiler's run time, compiled once for each allocation route.
 *
 * A route is a constant table; inlined into a workload its functions become direct calls, so that no route pays for an
 * indirection. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "route.h"
#include <stdint.h>

enum {
    LOOP = 50000,
    LOOP_BYTES = 64,
    BATCHES = 1000,
    BATCH = 100,
    HYBRID = 40000,
    MOVES = 30,
    MOVE_BYTES = 12,
};

/* Shared by all routes; sizes as drawn by runtime.c. */
extern void *workload_blocks[LOOP];
extern uint16_t workload_sizes[HYBRID];

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The functions of a route; `end` is timed and frees everything. */
struct calls {
    void *(*take)(size_t size_bytes);
    void (*give)(void *block, size_t size_bytes);
    void (*end)(void);
    void (*take_many)(void **blocks, size_t count, size_t size_bytes); /* or NULL: one by one */
    void (*give_many)(void **blocks, size_t count, size_t size_bytes); /* if there is take_many */
};

ALWAYS_INLINE void use(void *block) {
    *(volatile char *)block = 1;
}

ALWAYS_INLINE void run_loop(const struct calls *calls) {
    for (size_t i = 0; i < LOOP; i++) {
        void *block = calls->take(LOOP_BYTES);
        use(block);
        calls->give(block, LOOP_BYTES);
    }
    calls->end();
}

/* Like the loop, but all blocks are live at the same time. */
ALWAYS_INLINE void run_held(const struct calls *calls) {
    for (size_t i = 0; i < LOOP; i++) use(workload_blocks[i] = calls->take(LOOP_BYTES));
    for (size_t i = 0; i < LOOP; i++) calls->give(workload_blocks[i], LOOP_BYTES);
    calls->end();
}

ALWAYS_INLINE void run_batches(const struct calls *calls) {
    for (size_t n = 0; n < BATCHES; n++) {
        if (calls->take_many) {
            calls->take_many(workload_blocks, BATCH, LOOP_BYTES);
            for (size_t i = 0; i < BATCH; i++) use(workload_blocks[i]);
            calls->give_many(workload_blocks, BATCH, LOOP_BYTES);
        } else {
            for (size_t i = 0; i < BATCH; i++) use(workload_blocks[i] = calls->take(LOOP_BYTES));
            for (size_t i = 0; i < BATCH; i++) calls->give(workload_blocks[i], LOOP_BYTES);
        }
        calls->end();
    }
}

ALWAYS_INLINE void run_hybrid(const struct calls *calls) {
    for (size_t i = 0; i < HYBRID; i++) use(workload_blocks[i] = calls->take(workload_sizes[i]));
    for (size_t i = 0; i < HYBRID; i++) calls->give(workload_blocks[i], workload_sizes[i]);
    calls->end();
}

/* The chess test: moves are made, taken back, and made again; counts how many pointers are returned again. */
ALWAYS_INLINE size_t run_moves(const struct calls *calls) {
    void *first[MOVES];
    size_t reused = 0;
    for (size_t i = 0; i < MOVES; i++) use(first[i] = calls->take(MOVE_BYTES));
    for (size_t i = 0; i < MOVES; i++) calls->give(first[i], MOVE_BYTES);
    calls->end();
    for (size_t i = 0; i < MOVES; i++) {
        workload_blocks[i] = calls->take(MOVE_BYTES);
        for (size_t k = 0; k < MOVES; k++) reused += workload_blocks[i] == first[k];
    }
    for (size_t i = 0; i < MOVES; i++) calls->give(workload_blocks[i], MOVE_BYTES);
    calls->end();
    return reused;
}

/* Compiles the workloads for a route in the file that has its functions. */
#define DEFINE_ROUTE(id, title, present, open, take, give, end, close, ...)                                        \
    static const struct calls id##_calls = {take, give, end, __VA_ARGS__};                                         \
    static void id##_loop(void) {                                                                                  \
        run_loop(&id##_calls);                                                                                     \
    }                                                                                                              \
    static void id##_held(void) {                                                                                  \
        run_held(&id##_calls);                                                                                     \
    }                                                                                                              \
    static void id##_batches(void) {                                                                               \
        run_batches(&id##_calls);                                                                                  \
    }                                                                                                              \
    static void id##_hybrid(void) {                                                                                \
        run_hybrid(&id##_calls);                                                                                   \
    }                                                                                                              \
    static size_t id##_moves(void) {                                                                               \
        return run_moves(&id##_calls);                                                                             \
    }                                                                                                              \
    const struct route route_##id = {title,      present, open, {id##_loop, id##_held, id##_batches, id##_hybrid}, \
                                     id##_moves, close}
