/* What the patterns share: deterministic random sizes, using a block, and the process's memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <algorithm>
#include <atomic>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

constexpr size_t KIB = 1024, MIB = 1024 * KIB;

/* xorshift64*, so that every allocator meets the same requests. */
class Random {
  public:
    explicit Random(uint64_t seed = 42) : state_(seed * 0x9E3779B97F4A7C15u | 1) {}

    uint32_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return static_cast<uint32_t>((state_ * 0x2545F4914F6CDD1Du) >> 32);
    }

    uint32_t below(uint32_t limit) { return static_cast<uint32_t>(static_cast<uint64_t>(next()) * limit >> 32); }

  private:
    uint64_t state_;
};

/* Small objects of a program in C++ or of an interpreter. */
inline size_t size_small(Random &random) {
    return 10 + random.below(491);
}

/* Each power of two from 16 B to 64 KiB is equally likely: strings, nodes and buffers together. */
inline size_t size_mixed(Random &random) {
    uint32_t top = 16u << random.below(12);
    return top + random.below(top);
}

/* 8 to 16000 B with linearly fewer large ones. */
inline size_t size_linear(Random &random) {
    return 8 + std::min(random.below(15993), random.below(15993));
}

/* Every program writes to its blocks, so the measurement includes it. */
inline void *use(void *block) {
    *static_cast<volatile char *>(block) = 1;
    return block;
}

inline void use_pages(void *block, size_t size_bytes) {
    for (size_t at = 0; at < size_bytes; at += 4 * KIB) static_cast<volatile char *>(block)[at] = 1;
}

/* The sizes of a pass, drawn before the clock runs. */
inline std::vector<uint32_t> draw(size_t count, size_t (*size_of)(Random &), uint64_t seed = 42) {
    Random random(seed);
    std::vector<uint32_t> sizes(count);
    for (uint32_t &size : sizes) size = static_cast<uint32_t>(size_of(random));
    return sizes;
}

/* A field of /proc/self/status, in KiB. */
inline size_t memory_kib(const char *field) {
    char line[256];
    size_t kib = 0;
    FILE *file = std::fopen("/proc/self/status", "re");
    while (file && std::fgets(line, sizeof line, file)) {
        if (std::strncmp(line, field, std::strlen(field)) == 0)
            kib = std::strtoul(line + std::strlen(field), nullptr, 10);
    }
    if (file) std::fclose(file);
    return kib;
}

/* The process's memory before any pattern ran. The driver runs patterns that report memory in a process of their own.
 */
inline const size_t start_kib = memory_kib("VmRSS:");

inline void report_memory(benchmark::State &state, size_t live_bytes) {
    state.counters["live_kib"] = static_cast<double>(live_bytes / KIB);
    state.counters["peak_kib"] = static_cast<double>(memory_kib("VmHWM:") - start_kib);
}

inline int cores() {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}
