/* Whether threads get blocks in one cache line, which then moves between the cores with every write.
 * Active: threads allocate at the same time. Passive: one thread allocates for all, each frees its block and gets
 * the next; after Berger et al., "Hoard", ASPLOS 2000, section 2. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

constexpr int WRITES = 100;
constexpr size_t SIZE_BYTES = 8;

static void write_to(void *block) {
    for (int i = 0; i < WRITES; i++) *static_cast<volatile uint64_t *>(block) += 1;
}

static void false_sharing_active(benchmark::State &state) {
    for (auto _ : state) {
        void *block = std::malloc(SIZE_BYTES);
        write_to(block);
        std::free(block);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(false_sharing_active)->Threads(1)->Threads(std::max(2, cores()))->UseRealTime();

/* Neighbours in memory go to different threads; a good allocator separates them at the next allocation. */
static void false_sharing_passive(benchmark::State &state) {
    static std::vector<void *> handed;
    if (state.thread_index() == 0) {
        handed.clear();
        for (int i = 0; i < state.threads(); i++) handed.push_back(use(std::malloc(SIZE_BYTES)));
    }
    /* The library's own barrier is inside the loop's start: the first pass may read what thread 0 wrote. */
    void *block = nullptr;
    for (auto _ : state) {
        if (!block) block = handed[static_cast<size_t>(state.thread_index())];
        write_to(block);
        std::free(block);
        block = std::malloc(SIZE_BYTES);
    }
    std::free(block);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(false_sharing_passive)->Threads(1)->Threads(std::max(2, cores()))->UseRealTime();
