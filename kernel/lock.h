/* A spinlock that masks interrupts while it is held. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "arch.h"
#include <stdint.h>

/* Test and test-and-set, not tickets: under an emulator with fewer host threads than cores the next
 * ticket's holder is often not running, and 8,000 turns took 9 s instead of 0.1 s. The mask is part of the lock: an
 * interrupt handler would wait forever for a lock that its own core holds. */
struct spinlock {
    uint32_t taken;
};

/* returns the previous interrupt mask, for spin_give */
static inline uint64_t spin_take(struct spinlock *lock) {
    uint64_t daif = irq_save();

    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0)
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED) != 0) core_relax();
    return daif;
}

static inline void spin_give(struct spinlock *lock, uint64_t daif) {
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    irq_restore(daif);
}
