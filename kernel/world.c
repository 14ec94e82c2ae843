/* heap.img: all free RAM is the heap's; then tests, instruction counts, or the shell. */
/* SPDX-License-Identifier: MIT */
#include "world.h"
#include "callers.h"
#include "console.h"
#include "cost.h"
#include "kernel.h"
#include "ktest.h"
#include "monitor.h"
#include "page.h"

const char *world_begin(void) {
    return page_init(&memory.tabled, &memory.free);
}

uint64_t world_run(void) {
    if (options.callers != 0 && !callers_begin(options.callers))
        kprintf("heapalloc-kernel: callers are not recorded: calls are bounded in this image, or memory is short\n");
    switch (options.mode) {
    case MODE_TEST: return ktest_run(options.test);
    case MODE_WCET: return cost_run();
    default: return monitor_run();
    }
}
