/* Independent threads, one to twice as many as cores, each replacing its own small blocks: nothing needs sharing. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void scaling(benchmark::State &state) {
    constexpr uint32_t SLOTS = 1000;
    std::vector<uint32_t> sizes = draw(1 << 14, size_small, 42 + state.thread_index());
    std::vector<void *> blocks(SLOTS);
    Random random(7 + state.thread_index());
    size_t turn = 0;
    for (auto _ : state) {
        void *&block = blocks[random.below(SLOTS)];
        std::free(block);
        block = use(std::malloc(sizes[turn++ % sizes.size()]));
    }
    state.SetItemsProcessed(state.iterations());
    for (void *block : blocks) std::free(block);
}
BENCHMARK(scaling)->ThreadRange(1, 2 * cores())->UseRealTime();
