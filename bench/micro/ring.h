/* A bounded queue from one thread to another. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <atomic>
#include <cstddef>
#include <thread>

/* Waiting yields the core: on a machine with few of them the other side needs it. */
template <typename Item, size_t CAPACITY> class Ring {
    static_assert((CAPACITY & (CAPACITY - 1)) == 0, "indices wrap by masking");

  public:
    void put(const Item &item) {
        size_t at = put_.load(std::memory_order_relaxed);
        while (at - taken_.load(std::memory_order_acquire) == CAPACITY) std::this_thread::yield();
        slots_[at & (CAPACITY - 1)] = item;
        put_.store(at + 1, std::memory_order_release);
    }

    Item take() {
        size_t at = taken_.load(std::memory_order_relaxed);
        while (at == put_.load(std::memory_order_acquire)) std::this_thread::yield();
        Item item = slots_[at & (CAPACITY - 1)];
        taken_.store(at + 1, std::memory_order_release);
        return item;
    }

  private:
    alignas(64) std::atomic<size_t> put_{0};
    alignas(64) std::atomic<size_t> taken_{0};
    alignas(64) Item slots_[CAPACITY] = {};
};
