/* Times the workloads of a compiler's run time, through every route of the process and through the system's allocator.
 *
 *   runtime REPETITIONS
 *
 * Prints `time,WORKLOAD,ROUTE,SYSTEM_NS,ROUTE_NS`, a line for each repetition: the system's allocator and the route
 * take turns, so that other load on the machine slows both. Then `reused,ROUTE,COUNT`: how many of 30 freed blocks of
 * 12 bytes are returned again by 30 requests. */
/* SPDX-License-Identifier: MIT */
#include "workloads.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void *workload_blocks[LOOP];
uint16_t workload_sizes[HYBRID];

/* In the order of struct route's table. */
static const char *const names[WORKLOADS] = {"loop", "held", "batches", "hybrid"};

/* Three of four objects are small, the others up to 2 KiB. */
static void draw_sizes(void) {
    uint64_t random = 42;
    for (size_t i = 0; i < HYBRID; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint32_t value = (uint32_t)(random >> 16);
        workload_sizes[i] = (uint16_t)(i % 4 != 3 ? 8 + value % 249 : 257 + value % 1792);
    }
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double time_ns(void (*workload)(void)) {
    double start_ns = now_ns();
    workload();
    return now_ns() - start_ns;
}

static void compare(const struct route *route, size_t which, long repetitions) {
    route_system.workloads[which]();
    route->workloads[which]();
    for (long i = 0; i < repetitions; i++) {
        double system_ns = time_ns(route_system.workloads[which]);
        double route_ns = time_ns(route->workloads[which]);
        printf("time,%s,%s,%.0f,%.0f\n", names[which], route->name, system_ns, route_ns);
    }
}

static void take_route(const struct route *route, long repetitions) {
    route->open();
    for (size_t i = 0; i < WORKLOADS; i++) compare(route, i, repetitions);
    route->close();
    route->open();
    printf("reused,%s,%zu\n", route->name, route->moves());
    route->close();
}

int main(int argc, char **argv) {
    const struct route *routes[] = {&route_malloc, &route_pool, &route_arena};
    long repetitions = argc == 2 ? atol(argv[1]) : 0;
    if (repetitions < 1) {
        fprintf(stderr, "usage: runtime REPETITIONS\n");
        return 2;
    }
    draw_sizes();
    route_system.open();
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (routes[i]->present()) take_route(routes[i], repetitions);
    }
    printf("reused,system,%zu\n", route_system.moves());
    return 0;
}
