/* Threads exchange blocks through one table: each replaces any thread's block by a new one, and frees it. All allocate
 * as much as they free, but rarely free their own blocks: memory that one thread collects must reach the others. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

constexpr uint32_t SLOTS = 100000;

static void exchange(std::vector<std::atomic<void *>> *table, const std::vector<uint32_t> *sizes, uint64_t seed) {
    Random random(seed);
    for (uint32_t size : *sizes) std::free((*table)[random.below(SLOTS)].exchange(use(std::malloc(size))));
}

static void exchange(benchmark::State &state) {
    constexpr size_t EXCHANGES = 1000000;
    size_t threads = static_cast<size_t>(state.range(0)), live_bytes = 0;
    std::vector<uint32_t> sizes = draw(EXCHANGES, size_small);
    std::vector<std::atomic<void *>> table(SLOTS);
    for (size_t i = 0; i < SLOTS; i++) {
        table[i] = use(std::malloc(sizes[i]));
        live_bytes += sizes[i];
    }
    uint64_t seed = 0;
    for (auto _ : state) {
        std::vector<std::thread> running;
        for (size_t i = 0; i < threads; i++)
            running.emplace_back([&table, &sizes, mine = ++seed] { exchange(&table, &sizes, mine); });
        for (std::thread &thread : running) thread.join();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(threads * EXCHANGES));
    report_memory(state, live_bytes);
    for (std::atomic<void *> &block : table) std::free(block);
}
BENCHMARK(exchange)->Arg(1)->Arg(cores())->Arg(2 * cores())->UseRealTime();
