/* The 16 exception entries: save every register, call trap(frame, kind), restore. */
/* SPDX-License-Identifier: MIT */
#include "layout.h"

    .macro  vector kind
    .balign 128
    sub     sp, sp, #FRAME_BYTES
    stp     x0, x1, [sp]
    mov     x1, #\kind
    b       save_and_call
    .endm

    .text
    .balign 2048
    .globl  vectors
vectors:
    .rept   4                       /* from EL1 with SP_EL0 */
    vector  TRAP_FOREIGN
    .endr
    vector  TRAP_SYNC               /* from EL1 with SP_EL1: the only ones we expect */
    vector  TRAP_IRQ
    vector  TRAP_FIQ
    vector  TRAP_SERROR
    .rept   8                       /* from EL0, 64 and 32 bits */
    vector  TRAP_FOREIGN
    .endr
    .balign 128

save_and_call:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    add     x2, sp, #FRAME_BYTES
    stp     x30, x2, [sp, #FRAME_LR]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [sp, #FRAME_ELR]
    mrs     x2, esr_el1
    mrs     x3, far_el1
    stp     x2, x3, [sp, #FRAME_ESR]
    mov     x0, sp
    bl      trap

    ldp     x2, x3, [sp, #FRAME_ELR]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    ldr     x30, [sp, #FRAME_LR]
    ldp     x0, x1, [sp]
    add     sp, sp, #FRAME_BYTES
    eret
