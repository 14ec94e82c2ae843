// The same from C++: operator new is ours, and throws when memory is exhausted.
/* SPDX-License-Identifier: MIT */
#include <heapalloc/heapalloc.h>
#include <memory>
#include <new>
#include <string>
#include <vector>

static void *volatile kept; // else a compiler may leave out an allocation that nobody sees

static size_t used_bytes() {
    struct heapalloc_stats stats;
    return heapalloc_stats(&stats) ? stats.used_bytes : 0;
}

int main() {
    const size_t size = 32 << 20;
    size_t before = used_bytes();
    std::vector<char> block(size, 1);
    kept = block.data();
    if (used_bytes() < before + size) return 1;
    volatile size_t absurd = static_cast<size_t>(-1) / 4;
    try {
        std::unique_ptr<char[]> never(new char[absurd]);
        kept = never.get();
        return 2;
    } catch (const std::bad_alloc &) {
        return heapalloc_verify() == nullptr ? 0 : 3;
    }
}
