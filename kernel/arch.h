/* What C cannot say about an AArch64 core: system registers, barriers, the interrupt mask. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

#define sysreg_read(name)                                            \
    ({                                                               \
        uint64_t value_;                                             \
        __asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
        value_;                                                      \
    })
#define sysreg_write(name, value) __asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")

/* Mask interrupts; returns the argument for irq_restore. The pair nests. */
static inline uint64_t irq_save(void) {
    uint64_t daif = sysreg_read(daif);
    __asm__ volatile("msr daifset, #2" ::: "memory");
    return daif;
}

static inline void irq_restore(uint64_t daif) {
    __asm__ volatile("msr daif, %0" ::"r"(daif) : "memory");
}

static inline void irq_unmask(void) {
    __asm__ volatile("msr daifclr, #2" ::: "memory");
}

/* Sleep until an interrupt is pending, masked or not. */
static inline void core_sleep(void) {
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

static inline void core_relax(void) {
    __asm__ volatile("yield" ::: "memory");
}
