/* A block that grows: by a few bytes as a line is read, by doubling as a vector fills, by pages as a file is loaded. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void grow_bytes(benchmark::State &state) {
    constexpr size_t STEPS = 4096, STEP_BYTES = 16;
    for (auto _ : state) {
        void *block = nullptr;
        for (size_t i = 1; i <= STEPS; i++) block = use(std::realloc(block, i * STEP_BYTES));
        std::free(block);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(STEPS));
}
BENCHMARK(grow_bytes);

/* The new part is written before the next doubling, as by push_back. */
static void grow_vector(benchmark::State &state) {
    size_t last = static_cast<size_t>(state.range(0)), steps = 0;
    for (auto _ : state) {
        size_t size = 16;
        void *block = use(std::malloc(size));
        for (steps = 0; size < last; steps++) {
            block = std::realloc(block, 2 * size);
            std::memset(static_cast<char *>(block) + size, 1, size);
            size *= 2;
        }
        std::free(block);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(steps));
}
BENCHMARK(grow_vector)->Arg(64 * KIB)->Arg(16 * MIB);

/* Several vectors grow in turn, so that none can simply grow into the memory behind it. */
static void grow_vectors_in_turn(benchmark::State &state) {
    constexpr size_t VECTORS = 8, LAST = 256 * KIB;
    size_t steps = 0;
    for (auto _ : state) {
        void *blocks[VECTORS] = {};
        steps = 0;
        for (size_t size = 64; size <= LAST; size += size / 2, steps++) {
            for (void *&block : blocks) block = use(std::realloc(block, size));
        }
        for (void *block : blocks) std::free(block);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(steps * VECTORS));
}
BENCHMARK(grow_vectors_in_turn);

static void grow_pages(benchmark::State &state) {
    constexpr size_t STEP_BYTES = 4 * KIB;
    size_t last = static_cast<size_t>(state.range(0));
    for (auto _ : state) {
        void *block = nullptr;
        for (size_t size = STEP_BYTES; size <= last; size += STEP_BYTES) {
            block = std::realloc(block, size);
            static_cast<volatile char *>(block)[size - STEP_BYTES] = 1;
        }
        std::free(block);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(last / STEP_BYTES));
}
BENCHMARK(grow_pages)->Arg(64 * MIB)->Iterations(1)->Unit(benchmark::kMillisecond);
