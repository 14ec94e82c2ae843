/* A random block of many live ones is replaced by one of a random size: a program in its steady state. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void replace(benchmark::State &state, size_t (*size_of)(Random &)) {
    /* A power of two, so that the draws are used in a circle. */
    constexpr size_t DRAWS = 1 << 16;
    uint32_t slots = static_cast<uint32_t>(state.range(0));
    std::vector<uint32_t> sizes = draw(DRAWS, size_of);
    std::vector<void *> blocks(slots);
    Random random(7);
    for (size_t i = 0; i < slots; i++) blocks[i] = use(std::malloc(sizes[i % DRAWS]));
    size_t turn = 0;
    for (auto _ : state) {
        void *&block = blocks[random.below(slots)];
        std::free(block);
        block = use(std::malloc(sizes[turn++ % DRAWS]));
    }
    state.SetItemsProcessed(state.iterations());
    for (void *block : blocks) std::free(block);
}
BENCHMARK_CAPTURE(replace, small, size_small)->Arg(1000)->Arg(100000);
BENCHMARK_CAPTURE(replace, mixed, size_mixed)->Arg(1000)->Arg(10000);
BENCHMARK_CAPTURE(replace, linear, size_linear)->Arg(1000)->Arg(10000);
