/* The counts of a build that counts. */
/* SPDX-License-Identifier: MIT */
#include "base/count.h"

typedef int count_nothing_otherwise;

#ifdef HEAPALLOC_COUNT
enum { LINE_SHIFT = 6, LINES = 1 << 18 };

static uint64_t counts[COUNT_KINDS];

/* The last writer of each line. Lines that share a place in the table are counted too often: one in some thousands. */
static const char *writers[LINES];
static _Thread_local char self __attribute__((tls_model("initial-exec")));

void count_one(enum count_kind kind) {
    __atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED);
}

void count_write(const void *at) {
    uintptr_t line = (uintptr_t)at >> LINE_SHIFT;
    const char **writer = &writers[(line ^ line >> 18) % LINES];
    const char *last = __atomic_exchange_n(writer, &self, __ATOMIC_RELAXED);
    if (last && last != &self) count_one(COUNT_LINE);
}

__attribute__((visibility("default"))) void heapalloc_counted(uint64_t out[COUNT_KINDS]);
void heapalloc_counted(uint64_t out[COUNT_KINDS]) {
    for (int kind = 0; kind < COUNT_KINDS; kind++) out[kind] = __atomic_load_n(&counts[kind], __ATOMIC_RELAXED);
}
#endif
