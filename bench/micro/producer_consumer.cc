/* Threads that only allocate, and one that only frees: every block is freed by another thread. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"
#include "ring.h"
#include <array>
#include <memory>

/* Handed over in batches. One by one, the ring's own lines go from core to core for each block, and whether producer or
 * consumer happens to be ahead makes a factor of four. */
constexpr size_t RING_BLOCKS = 4096, BATCH_BLOCKS = 32;
using Batch = std::array<void *, BATCH_BLOCKS>;
using BatchRing = Ring<Batch, RING_BLOCKS / BATCH_BLOCKS>;

static void produce(BatchRing &ring, const std::vector<uint32_t> &sizes) {
    Batch batch;
    for (size_t i = 0; i < sizes.size(); i += BATCH_BLOCKS) {
        for (size_t k = 0; k < BATCH_BLOCKS; k++) batch[k] = use(std::malloc(sizes[i + k]));
        ring.put(batch);
    }
}

static void consume(std::vector<std::unique_ptr<BatchRing>> &rings, size_t batches) {
    for (size_t i = 0; i < batches; i++) {
        for (auto &ring : rings) {
            for (void *block : ring->take()) std::free(block);
        }
    }
}

static void producer_consumer(benchmark::State &state) {
    constexpr size_t BLOCKS = 3125 * BATCH_BLOCKS;
    size_t producers = static_cast<size_t>(state.range(0));
    std::vector<uint32_t> sizes = draw(BLOCKS, size_small);
    std::vector<std::unique_ptr<BatchRing>> rings(producers);
    for (auto &ring : rings) ring = std::make_unique<BatchRing>();
    for (auto _ : state) {
        std::vector<std::thread> threads;
        for (auto &ring : rings) threads.emplace_back(produce, std::ref(*ring), std::cref(sizes));
        consume(rings, BLOCKS / BATCH_BLOCKS);
        for (std::thread &thread : threads) thread.join();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(producers * BLOCKS));
    report_memory(state, producers * RING_BLOCKS * 255);
}
BENCHMARK(producer_consumer)->Arg(1)->Arg(std::max(2, cores()))->UseRealTime();
