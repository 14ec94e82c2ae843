/* What the boot arguments ask for: `test=all seed=1 iters=20000 hz=5000`. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "ranges.h"
#include <stdbool.h>
#include <stdint.h>

enum { OPTION_TEXT_MAX = 128 };

enum boot_mode { MODE_SHELL, MODE_TEST, MODE_WCET };

struct options {
    enum boot_mode mode;           /* repl (the default), test=, wcet                         */
    char test[OPTION_TEXT_MAX];    /* "all", or comma-separated beginnings of test names      */
    uint64_t seed, iters, hz;      /* of the tests: random numbers, steps, timer interrupts   */
    uint64_t patience;             /* how many ms one core waits for another                  */
    uint64_t ram, cores, el;       /* what the tests expect to find; 0: not given             */
    uint64_t gic;                  /*                                                         */
    uint64_t callers;              /* how many blocks' callers are recorded; 0: none          */
    uint64_t beyond;               /* RAM from here on is left out of the heap; 0: none of it */
    struct range_list holes;       /* hole=START+BYTES: RAM treated as reserved               */
    char unknown[OPTION_TEXT_MAX]; /* the first unknown word; empty: none                     */
};

void options_parse(struct options *options, const char *bootargs);
