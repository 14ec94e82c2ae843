/* The instructions whose faults are survived: guarded loads and stores, the semihosting call. */
/* SPDX-License-Identifier: MIT */

/* `fixup insn, landing`: when the instruction at insn faults, trap.c continues at landing.
 * The table holds distances, so it needs no relocation. */
    .macro  fixup insn, landing
    .pushsection .fixups, "a"
    .balign 4
    .word   \insn - ., \landing - .
    .popsection
    .endm

    .macro  function name
    .section .text.\name, "ax"
    .globl  \name
    .type   \name, %function
\name:
    .endm

function guarded_load64             /* bool (uint64_t address, uint64_t *value) */
1:  ldr     x2, [x0]
    str     x2, [x1]
    mov     w0, #1
    ret
    fixup   1b, faulted

function guarded_store64            /* bool (uint64_t address, uint64_t value) */
1:  str     x1, [x0]
    dsb     sy                      /* the fault, if any, comes before the result */
    mov     w0, #1
    ret
    fixup   1b, faulted

function guarded_load8              /* bool (uint64_t address, uint8_t *value) */
1:  ldrb    w2, [x0]
    strb    w2, [x1]
    mov     w0, #1
    ret
    fixup   1b, faulted

function guarded_store8             /* bool (uint64_t address, uint8_t value) */
1:  strb    w1, [x0]
    dsb     sy
    mov     w0, #1
    ret
    fixup   1b, faulted

faulted:
    mov     w0, #0
    ret

/* Without a semihosting host HLT is undefined; the fix-up then returns -1. */
function semihost                   /* long (unsigned operation, const void *block) */
1:  hlt     #0xf000
    ret
2:  mov     x0, #-1
    ret
    fixup   1b, 2b
