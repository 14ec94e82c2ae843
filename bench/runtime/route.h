/* The allocation routes that a compiler's run time can take, each with the workloads compiled for it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { WORKLOADS = 4 };

struct route {
    const char *name;
    bool (*present)(void); /* whether the process's allocator has it */
    void (*open)(void);    /* before anything runs */
    void (*workloads[WORKLOADS])(void);
    size_t (*moves)(void); /* the chess test: pointers that are returned again */
    void (*close)(void);
};

/* The system's own allocator, even if malloc is replaced. */
extern const struct route route_system;
/* The process's malloc and free. */
extern const struct route route_malloc;
/* Fixed-size pools, with larger blocks in an arena; nothing but the arena. */
extern const struct route route_pool;
extern const struct route route_arena;
