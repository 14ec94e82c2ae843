/* One block of one size is allocated and freed, again and again: the shortest way through an allocator. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"

static void pair(benchmark::State &state) {
    size_t size = static_cast<size_t>(state.range(0));
    for (auto _ : state) std::free(use(std::malloc(size)));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(pair)->Arg(16)->Arg(64)->Arg(500)->Arg(2 * KIB)->Arg(6 * KIB)->Arg(16 * KIB)->Arg(64 * KIB);
