/* A thousand blocks of one size are allocated, then freed in the order of allocation: a queue drains. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void batch_fifo(benchmark::State &state) {
    constexpr size_t BLOCKS = 1000;
    size_t size = static_cast<size_t>(state.range(0));
    std::vector<void *> blocks(BLOCKS);
    for (auto _ : state) {
        for (void *&block : blocks) block = use(std::malloc(size));
        for (size_t i = 0; i < BLOCKS; i++) std::free(blocks[i]);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(BLOCKS));
}
BENCHMARK(batch_fifo)->Arg(16)->Arg(64)->Arg(256)->Arg(1 * KIB)->Arg(8 * KIB);
