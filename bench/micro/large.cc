/* Large blocks, 64 KiB to 64 MiB: untouched, and with every page touched, where the kernel's work dominates. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void large_pair(benchmark::State &state) {
    size_t size = static_cast<size_t>(state.range(0));
    for (auto _ : state) std::free(use(std::malloc(size)));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(large_pair)->RangeMultiplier(4)->Range(64 * KIB, 64 * MIB);

static void large_used(benchmark::State &state) {
    size_t size = static_cast<size_t>(state.range(0));
    for (auto _ : state) {
        void *block = std::malloc(size);
        use_pages(block, size);
        std::free(block);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(large_used)->RangeMultiplier(4)->Range(64 * KIB, 64 * MIB);

/* Sixteen live blocks of 64 KiB to 4 MiB, replaced in random order: what image and video buffers do. */
static void large_replace(benchmark::State &state) {
    constexpr uint32_t SLOTS = 16;
    void *blocks[SLOTS] = {};
    Random random;
    for (auto _ : state) {
        void *&block = blocks[random.below(SLOTS)];
        size_t size = 64 * KIB + random.below(4 * MIB);
        std::free(block);
        block = std::malloc(size);
        use_pages(block, size);
    }
    state.SetItemsProcessed(state.iterations());
    for (void *block : blocks) std::free(block);
}
BENCHMARK(large_replace);
