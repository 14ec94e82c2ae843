/* Zeroed blocks, from memory the process never used and from memory it just freed. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void calloc_recycled(benchmark::State &state) {
    size_t size = static_cast<size_t>(state.range(0));
    for (auto _ : state) {
        void *block = std::calloc(1, size);
        std::memset(block, 1, size);
        std::free(block);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(calloc_recycled)->Arg(64)->Arg(1 * KIB)->Arg(64 * KIB)->Arg(1 * MIB);

/* Each pass keeps 16 MiB and gives them back with the clock stopped; zeroing what is already zero shows. */
static void calloc_fresh(benchmark::State &state) {
    size_t size = static_cast<size_t>(state.range(0));
    std::vector<void *> blocks(16 * MIB / size);
    for (auto _ : state) {
        for (void *&block : blocks) block = use(std::calloc(1, size));
        state.PauseTiming();
        for (void *block : blocks) std::free(block);
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(blocks.size()));
}
BENCHMARK(calloc_fresh)->Arg(64)->Arg(4 * KIB)->Arg(1 * MIB);
