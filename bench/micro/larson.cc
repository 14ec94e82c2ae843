/* A server whose sessions are handed from thread to thread: each thread replaces blocks that others allocated, then
 * ends; after Larson and Krishnan, "Memory allocation for long-running server applications", ISMM 1998. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

constexpr uint32_t SLOTS = 5000;

static void serve(std::vector<void *> *blocks, const std::vector<uint32_t> *sizes, uint64_t seed) {
    Random random(seed);
    for (uint32_t size : *sizes) {
        void *&block = (*blocks)[random.below(SLOTS)];
        std::free(block);
        block = use(std::malloc(size));
    }
}

static void larson(benchmark::State &state) {
    constexpr size_t REPLACEMENTS = 50000;
    size_t threads = static_cast<size_t>(state.range(0));
    std::vector<uint32_t> sizes = draw(REPLACEMENTS, size_small);
    std::vector<std::vector<void *>> sessions(threads, std::vector<void *>(SLOTS));
    uint64_t seed = 0;
    for (auto _ : state) {
        std::vector<std::thread> running;
        for (size_t i = 0; i < threads; i++) running.emplace_back(serve, &sessions[i], &sizes, ++seed);
        for (std::thread &thread : running) thread.join();
        std::rotate(sessions.begin(), sessions.begin() + 1, sessions.end());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(threads * REPLACEMENTS));
    report_memory(state, threads * SLOTS * 255);
    for (auto &blocks : sessions) {
        for (void *block : blocks) std::free(block);
    }
}
BENCHMARK(larson)->Arg(1)->Arg(cores())->Arg(2 * cores())->UseRealTime();
