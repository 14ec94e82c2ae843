/* Frames on the stack, by what the compiler wrote into .eh_frame about each.
 *
 * Whoever ends the program steps over this library's own frames alone, so no other module need be known, no lock is
 * taken, and nothing is loaded. A profiler goes further, by two registers, where glibc tells without a lock.
 * After DWARF 5, section 6.4, and the Linux Standard Base, "Exception Frames". */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum { FRAME_POINTER = 6, FRAME_STACK = 7, FRAME_RETURN = 16, FRAME_REGISTERS = 17 };
#elif defined(__aarch64__)
enum { FRAME_POINTER = 29, FRAME_RETURN = 30, FRAME_STACK = 31, FRAME_REGISTERS = 32 };
#else
enum { FRAME_RETURN = 1, FRAME_STACK = 2, FRAME_POINTER = 8, FRAME_REGISTERS = 32 };
#endif

/* Registers as DWARF numbers them: those that a function leaves as they were, the stack's, and the return address. */
struct frame {
    uintptr_t pc;
    uintptr_t registers[FRAME_REGISTERS];
};

/* The frame of the function that this stands in. */
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

/* True when `pc` is code of this library, or of the program that it was linked into. */
bool frame_is_ours(uintptr_t pc);

/* From a function of ours to who called it. False: what is known does not lead there. */
bool frame_step(struct frame *frame);

/* How to get from a frame to its caller's with two registers alone, those of the stack and of frames; offsets are from
 * the caller's stack pointer. */
struct frame_row {
    bool from_pointer; /* the caller's stack pointer is so much above the frame register, else above the stack's */
    int32_t above;
    int32_t pc_at;      /* where the return address is */
    int32_t pointer_at; /* where the caller's frame register is; 0: it is as before */
};

/* The row of the call that returns to `pc`, of any module, as far as its table can be had without a lock. False: none
 * is known, or it takes other registers. */
bool frame_row(uintptr_t pc, struct frame_row *row);
