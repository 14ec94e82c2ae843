/* Threads that only allocate, and one that only frees: every block dies in another thread than its own. */
#include "pattern.h"
#include "ring.h"
#include <memory>

constexpr size_t RING_BLOCKS = 4096;
using BlockRing = Ring<RING_BLOCKS>;

static void produce(BlockRing &ring, const std::vector<uint32_t> &sizes)
{
    for (uint32_t size : sizes)
        ring.put(use(std::malloc(size)));
}

static void consume(std::vector<std::unique_ptr<BlockRing>> &rings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (auto &ring : rings)
            std::free(ring->take());
    }
}

static void producer_consumer(benchmark::State &state)
{
    constexpr size_t BLOCKS = 100000;
    size_t producers = static_cast<size_t>(state.range(0));
    std::vector<uint32_t> sizes = draw(BLOCKS, size_small);
    std::vector<std::unique_ptr<BlockRing>> rings(producers);
    for (auto &ring : rings)
        ring = std::make_unique<BlockRing>();
    for (auto _ : state) {
        std::vector<std::thread> threads;
        for (auto &ring : rings)
            threads.emplace_back(produce, std::ref(*ring), std::cref(sizes));
        consume(rings, BLOCKS);
        for (std::thread &thread : threads)
            thread.join();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(producers * BLOCKS));
    report_memory(state, producers * RING_BLOCKS * 255);
}
BENCHMARK(producer_consumer)->Arg(1)->Arg(std::max(2, cores()))->UseRealTime();
