/* Device registers: 32-bit and 64-bit accesses in program order. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

static inline uint32_t device_read(uint64_t address) {
    return *(volatile uint32_t *)address;
}

static inline uint64_t device_read64(uint64_t address) {
    return *(volatile uint64_t *)address;
}

static inline void device_write(uint64_t address, uint32_t value) {
    *(volatile uint32_t *)address = value;
}

static inline void device_write64(uint64_t address, uint64_t value) {
    *(volatile uint64_t *)address = value;
}
