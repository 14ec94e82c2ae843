/* Short-lived threads that allocate a little and leave some of it to be freed by others after their end. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"
#include <deque>

constexpr size_t OPERATIONS = 500, LEFT_BLOCKS = 50, THREADS_REMEMBERED = 200;

static void short_life(std::vector<void *> *left, uint64_t seed) {
    constexpr uint32_t SLOTS = 100;
    void *blocks[SLOTS] = {};
    Random random(seed);
    for (size_t i = 0; i < OPERATIONS; i++) {
        void *&block = blocks[random.below(SLOTS)];
        std::free(block);
        block = use(std::malloc(size_small(random)));
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (i < LEFT_BLOCKS)
            left->push_back(blocks[i]);
        else
            std::free(blocks[i]);
    }
}

/* The main thread frees what earlier threads have left, oldest first. */
static void thread_churn(benchmark::State &state) {
    std::deque<std::vector<void *>> left;
    uint64_t seed = 0;
    auto forget = [&left] {
        for (void *block : left.front()) std::free(block);
        left.pop_front();
    };
    for (auto _ : state) {
        left.emplace_back();
        left.back().reserve(LEFT_BLOCKS);
        std::thread(short_life, &left.back(), ++seed).join();
        if (left.size() > THREADS_REMEMBERED) forget();
    }
    size_t live_bytes = left.size() * LEFT_BLOCKS * 255;
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(OPERATIONS));
    report_memory(state, live_bytes);
    while (!left.empty()) forget();
}
/* Long enough that as many are remembered under every allocator. */
BENCHMARK(thread_churn)->Iterations(3 * THREADS_REMEMBERED)->UseRealTime();
