/* A core's own data: its stack, its thread-locals, its state. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "layout.h"
#include <stdbool.h>
#include <stdint.h>

/* What belongs to one core, at TPIDR_EL1. The thread-locals of lib/ lie at TPIDR_EL0, one copy a
 * core:
 *
 *   core_memory[i]   | stack <----------- grows down | 16 | .tdata and .tbss | spare |
 *                    ^ canary            stack_top ^ ^ TPIDR_EL0 (64-aligned)
 *
 * Written only by its core unless marked; others may read. */
struct core {
    uint8_t *stack_top;   /* first: start.S loads it                   */
    uint64_t mpidr;       /* affinity fields only                      */
    uint32_t index;       /* 0: the one that booted                    */
    uint32_t entry_level; /* exception level the firmware entered at */
    uint32_t online;      /* set once, when core_main is ready         */
    uint32_t gic_target;  /* version 2: the mask that names it       */
    uint64_t gic_private; /* registers of its private interrupts     */
    uint64_t ticks;       /* timer interrupts taken                  */
    uint64_t tick_period; /* in counts                               */
    uint64_t wakes;       /* calls to work received                  */
    uint64_t job_done;    /* number of the last job it finished      */
} __attribute__((aligned(64)));

static inline struct core *core_self(void) {
    struct core *self;
    __asm__ volatile("mrs %0, tpidr_el1" : "=r"(self));
    return self;
}

/* Make the running core, the only one, core 0. */
void core_init_boot(uint64_t entry_level);

/* Lay out the memory of the core after those that are online. NULL: there are CORES_MAX already. */
struct core *core_prepare(uint64_t mpidr);

/* Called on the core: from here on core_self() and thread-locals work on it. */
void core_adopt(struct core *core, uint64_t entry_level);

/* The core that was prepared last is online from now on. */
void core_count_online(void);

uint32_t core_count(void); /* cores online, core 0 included */
struct core *core_at(uint32_t index);

bool core_stacks_are_whole(void); /* the canary at the foot of every stack */
