/* Fills every register, takes an exception, and counts the registers that came back changed. */
/* SPDX-License-Identifier: MIT */

#define REGISTERS 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
    24, 25, 26, 27, 28

    .macro  save_all
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    .irp    n, REGISTERS
    mov     x\n, #(0x1100 + \n)
    .endr
    .endm

    .macro  compare_all start=0
    mov     x0, #\start
    .irp    n, REGISTERS
    mov     x1, #(0x1100 + \n)
    cmp     x\n, x1
    cinc    x0, x0, ne
    .endr
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #96
    ret
    .endm

    .section .text.registers, "ax"
    .globl  registers_changed_by_fault  /* uint64_t (uint64_t address, uint64_t *ignored) */
registers_changed_by_fault:
    save_all
    bl      guarded_load64
    compare_all

    .globl  registers_changed_by_interrupt /* uint64_t (const uint64_t *ticks, uint64_t before) */
registers_changed_by_interrupt:
    save_all
    mov     x2, #0xf0000000         /* all four flags: the loop leaves them alone */
    msr     nzcv, x2
1:  ldr     x2, [x0]
    sub     x2, x2, x1
    cbz     x2, 1b
    mrs     x2, nzcv
    eor     x2, x2, #0xf0000000
    cbnz    x2, 2f
    compare_all
2:  compare_all start=1
