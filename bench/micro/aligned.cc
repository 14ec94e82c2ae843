/* Aligned blocks, as vector code, direct I/O and page tables ask for them. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void aligned_batch(benchmark::State &state) {
    constexpr size_t BLOCKS = 100;
    size_t align = static_cast<size_t>(state.range(0)), size = static_cast<size_t>(state.range(1));
    std::vector<void *> blocks(BLOCKS);
    for (auto _ : state) {
        for (void *&block : blocks) block = use(std::aligned_alloc(align, size));
        for (void *block : blocks) std::free(block);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(BLOCKS));
}
BENCHMARK(aligned_batch)
    ->Args({32, 96})
    ->Args({64, 64})
    ->Args({64, 1024})
    ->Args({256, 4096})
    ->Args({4096, 4096})
    ->Args({65536, 65536});
