/* What differs between processors: the hint of a spinning loop, and what tells threads apart. */
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

/* The thread pointer: another one in each thread, the same in a fork's child. */
static inline const void *cpu_thread(void) {
    const void *thread = 0;
#if defined(__x86_64__)
    __asm__("mov %%fs:0, %0" : "=r"(thread));
#elif defined(__aarch64__)
    __asm__("mrs %0, tpidr_el0" : "=r"(thread));
#elif defined(__riscv)
    __asm__("mv %0, tp" : "=r"(thread));
#endif
    return thread;
}
