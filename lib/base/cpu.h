/* What differs between processors: the hint of a spinning loop. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Tell the processor that this is a waiting loop. */
static inline void cpu_relax(void) {
#if defined(__x86_64__)
    __asm__ volatile("pause" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile(".word 0x0100000f" ::: "memory"); /* pause; a fence of nothing where it is unknown */
#else
    __asm__ volatile("" ::: "memory");
#endif
}
