/* The small heap's images: the same boot code, nothing of the large heap; only tests run. */
/* SPDX-License-Identifier: MIT */
#include "kernel.h"
#include "ktest.h"
#include "monitor.h"
#include "world.h"
#include <stddef.h>

/* The tests bring their own memory. */
const char *world_begin(void) {
    return NULL;
}

uint64_t world_run(void) {
    return ktest_run(options.mode == MODE_TEST ? options.test : "all");
}

/* There is no shell to return to. */
void monitor_catch(const char *sentence) {
    (void)sentence;
}
