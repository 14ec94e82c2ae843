/* bzero(start, bytes): pairs of stores, and whole cache lines by DC ZVA where it is allowed. */
/* SPDX-License-Identifier: MIT */

/*   start         first multiple of z         last multiple of z        end
 *     |  stp, stp, ..  |   dc zva  dc zva ...          |  stp .. , tail  |
 * z = 4 << DCZID_EL0.BS bytes; short runs and cores that forbid ZVA (bit 4) use stp all the way. */

    .section .text.bzero, "ax"
    .globl  bzero
    .type   bzero, %function
bzero:
    add     x1, x0, x1              /* x0 cursor, x1 end */
    sub     x2, x1, x0
    cmp     x2, #16
    b.lo    tail
    mrs     x3, dczid_el0
    tbnz    x3, #4, pairs
    mov     x4, #4
    and     x3, x3, #15
    lsl     x3, x4, x3              /* z */
    cmp     x2, x3, lsl #1          /* 2z bytes hold one whole z wherever they start; below, */
    b.lo    pairs                   /* the pair stores are as fast                           */

    sub     x5, x3, #1
    stp     xzr, xzr, [x0]          /* aligns the cursor to 16 */
    add     x0, x0, #16
    and     x0, x0, #~15
1:  tst     x0, x5
    b.eq    2f
    stp     xzr, xzr, [x0], #16
    b       1b
2:  sub     x4, x1, x3              /* last start of a whole z */
3:  cmp     x0, x4
    b.hi    pairs
    dc      zva, x0
    add     x0, x0, x3
    b       3b

pairs:
    sub     x4, x1, #16
4:  cmp     x0, x4
    b.hi    tail
    stp     xzr, xzr, [x0], #16
    b       4b

tail:                               /* fewer than 16 bytes left */
    sub     x2, x1, x0
    tbz     x2, #3, 5f
    str     xzr, [x0], #8
5:  tbz     x2, #2, 6f
    str     wzr, [x0], #4
6:  tbz     x2, #1, 7f
    strh    wzr, [x0], #2
7:  tbz     x2, #0, 8f
    strb    wzr, [x0]
8:  ret
