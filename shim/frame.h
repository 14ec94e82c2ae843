/* Unwinds the stack by the compiler's tables in .eh_frame.
 *
 * The message that ends a program needs this library's own frames only, so that it looks up no other module, takes no
 * lock and loads nothing. The profiler unwinds other modules too, by two registers, where glibc finds tables without a
 * lock. Source: DWARF 5, section 6.4, and the Linux Standard Base, "Exception Frames". */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "frame_registers.h"
#include <stdbool.h>
#include <stdint.h>

/* Registers by their DWARF numbers: the callee-saved ones, the stack pointer, and the return address. */
struct frame {
    uintptr_t pc;
    uintptr_t registers[FRAME_REGISTERS];
};

/* Fill in the frame of the function that uses this macro. */
#if defined(__x86_64__)
#define FRAME_HERE(frame)                                                                    \
    __asm__ volatile("movq %%rbx, 32(%0)\n\tmovq %%rbp, 56(%0)\n\tmovq %%rsp, 64(%0)\n\t"    \
                     "movq %%r12, 104(%0)\n\tmovq %%r13, 112(%0)\n\tmovq %%r14, 120(%0)\n\t" \
                     "movq %%r15, 128(%0)\n\tleaq 0(%%rip), %%rax\n\tmovq %%rax, 0(%0)"      \
                     :                                                                       \
                     : "r"(frame)                                                            \
                     : "rax", "memory")
#elif defined(__aarch64__)
#define FRAME_HERE(frame)                                                            \
    __asm__ volatile("stp x19, x20, [%0, #160]\n\tstp x21, x22, [%0, #176]\n\t"      \
                     "stp x23, x24, [%0, #192]\n\tstp x25, x26, [%0, #208]\n\t"      \
                     "stp x27, x28, [%0, #224]\n\tstp x29, x30, [%0, #240]\n\t"      \
                     "mov x9, sp\n\tstr x9, [%0, #256]\n\tadr x9, .\n\tstr x9, [%0]" \
                     :                                                               \
                     : "r"(frame)                                                    \
                     : "x9", "memory")
#else
#define FRAME_HERE(frame)                                                                       \
    __asm__ volatile("sd ra, 16(%0)\n\tsd sp, 24(%0)\n\tsd s0, 72(%0)\n\tsd s1, 80(%0)\n\t"     \
                     "sd s2, 152(%0)\n\tsd s3, 160(%0)\n\tsd s4, 168(%0)\n\tsd s5, 176(%0)\n\t" \
                     "sd s6, 184(%0)\n\tsd s7, 192(%0)\n\tsd s8, 200(%0)\n\tsd s9, 208(%0)\n\t" \
                     "sd s10, 216(%0)\n\tsd s11, 224(%0)\n\tauipc t0, 0\n\tsd t0, 0(%0)"        \
                     :                                                                          \
                     : "r"(frame)                                                               \
                     : "t0", "memory")
#endif

/* Step from a frame of this library to its caller's. False: there are no rules for it. */
bool frame_step(struct frame *frame);

/* How to get from a frame to its caller's by two registers alone, the stack pointer and the frame pointer; offsets are
 * from the caller's stack pointer. */
struct frame_row {
    bool from_pointer; /* `above` counts from the frame pointer, else from the stack pointer, to the caller's */
    int32_t above;
    int32_t pc_at;      /* where the return address is */
    int32_t pointer_at; /* where the caller's frame pointer is; 0: it is unchanged */
};

/* Find the row of the call that returns to `pc`, in any module whose table is found without a lock. False: there is
 * none, or it needs other registers. */
bool frame_row(uintptr_t pc, struct frame_row *row);
