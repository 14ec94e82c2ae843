/* The first instructions: Image header, EL2 to EL1, identity map, MMU, relocation; then C. */
/* SPDX-License-Identifier: MIT */
#include "layout.h"

/* Nothing here may touch data before mmu_on except the translation tables: with the MMU off
 * memory is Device memory, where locks and unaligned accesses are not defined.
 * The code runs wherever it was loaded, at any multiple of 2 MiB.
 *   x19  device tree (primary) or struct core (secondary)    x20  exception level of entry
 *   x21  next unused translation table                       x22  saved return address         */

    .macro  address reg, symbol
    adrp    \reg, \symbol
    add     \reg, \reg, :lo12:\symbol
    .endm

/* ---- the Image header: Linux Documentation/arch/arm64/booting.rst ---------------------------- */

    .section .head, "ax"
    .globl  _start
_start:
    b       primary
    .word   0
    .quad   0                       /* text offset from a multiple of 2 MiB          */
    .word   __image_bytes, 0        /* with bss: the loader puts the tree behind it  */
    .quad   0xa                     /* little-endian, 4 KiB pages, anywhere in RAM   */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0

    .text
primary:
    mov     x19, x0
    cbnz    x19, 1f
    adrp    x19, _start             /* an ELF starts with x0 == 0; QEMU then puts the tree */
    lsr     x19, x19, #GIGA_SHIFT   /* at the start of RAM, which is our gigabyte's start  */
    lsl     x19, x19, #GIGA_SHIFT
1:  bl      enter_el1
    bl      build_tables
    bl      mmu_on
    bl      relocate
    address x0, __bss_start
    address x1, __bss_end
    sub     x1, x1, x0
    bl      bzero
    address x0, core_memory + CORE_STACK_BYTES
    mov     sp, x0
    mov     x0, x19
    mov     x1, x20
    mov     x2, x21
    mov     x29, #0
    mov     x30, #0
    bl      kernel_main             /* (device tree, level of entry, next table) */
    b       .

/* PSCI CPU_ON brings a core here with x0 = its struct core. */
    .globl  secondary
secondary:
    mov     x19, x0
    bl      enter_el1
    bl      mmu_on
    ldr     x0, [x19]               /* core->stack_top */
    mov     sp, x0
    mov     x0, x19
    mov     x1, x20
    mov     x29, #0
    mov     x30, #0
    bl      core_main               /* (struct core, level of entry) */
    b       .

/* ---- EL2 to EL1 ------------------------------------------------------------------------------ */

/* Returns at EL1 with every interrupt masked, whichever of EL1 and EL2 we came from. EL3 parks: who
 * starts us there has no firmware, hence neither PSCI nor a non-secure interrupt controller. */
enter_el1:
    msr     daifset, #0xf
    mrs     x20, CurrentEL
    lsr     x20, x20, #2
    cmp     x20, #2
    b.lo    2f
    b.hi    park
    mov     x0, #(1 << 31)          /* EL1 is AArch64, nothing is trapped */
    msr     hcr_el2, x0
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    mov     x0, #3                  /* EL1 may use the physical counter and timer */
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    mov     x0, #0x33ff
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    mrs     x0, pmcr_el0            /* all event counters belong to EL1 */
    ubfx    x0, x0, #11, #5
    msr     mdcr_el2, x0
    mrs     x0, id_aa64pfr0_el1
    ubfx    x0, x0, #24, #4
    cbz     x0, 1f
    mov     x0, #9                  /* GICv3: EL1 may use the system registers */
    msr     icc_sre_el2, x0
    isb
1:  ldr     x0, =0x30d00800         /* SCTLR_EL1 with only its reserved ones: MMU and caches off */
    msr     sctlr_el1, x0
    mov     x0, #0x3c5              /* EL1h, DAIF masked */
    msr     spsr_el2, x0
    msr     elr_el2, x30
    eret
2:  ret

park:
    wfe
    b       park

/* ---- identity map ---------------------------------------------------------------------------- */

/* Map the 2 MiB around x0 with descriptor bits x1; x2 is the level 1 table. Clobbers x0, x4, x5. */
map_block:
    ubfx    x4, x0, #GIGA_SHIFT, #9
    ldr     x5, [x2, x4, lsl #3]
    cbnz    x5, 1f
    orr     x5, x21, #3
    str     x5, [x2, x4, lsl #3]
    add     x21, x21, #TABLE_BYTES
1:  and     x5, x5, #~3
    ubfx    x4, x0, #BLOCK_SHIFT, #9
    lsr     x0, x0, #BLOCK_SHIFT
    orr     x0, x1, x0, lsl #BLOCK_SHIFT
    str     x0, [x5, x4, lsl #3]
    ret

/* The image, two blocks for the tree (at most 2 MiB, not aligned to it) and the early console.
 * The image comes last: where the tree shares its block, the block must stay executable. */
build_tables:
    mov     x22, x30
    address x2, tables
    add     x3, x2, #TABLES_MAX * TABLE_BYTES
    mov     x0, x2
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x3
    b.lo    1b
    add     x21, x2, #TABLE_BYTES

    ldr     x1, =MAP_RAM
    mov     x0, x19
    bl      map_block
    add     x0, x19, #(1 << BLOCK_SHIFT)
    bl      map_block
    ldr     x1, =MAP_DEVICE
    ldr     x0, =EARLY_UART_BASE
    bl      map_block
    ldr     x1, =MAP_IMAGE
    adrp    x6, _start
    address x7, __end
2:  mov     x0, x6
    bl      map_block
    add     x6, x6, #(1 << BLOCK_SHIFT)
    cmp     x6, x7
    b.lo    2b

    dmb     sy                      /* our stores bypassed the caches: drop what they still hold, */
    mov     x0, x2                  /* or the table walker would read it                          */
    mrs     x1, ctr_el0
    ubfx    x1, x1, #16, #4
    mov     x4, #4
    lsl     x1, x4, x1
3:  dc      ivac, x0
    add     x0, x0, x1
    cmp     x0, x3
    b.lo    3b
    dsb     sy
    ret     x22

mmu_on:
    ic      iallu
    tlbi    vmalle1
    dsb     nsh
    ldr     x0, =0xff04             /* MAIR: 0 device nGnRE, 1 normal write-back            */
    msr     mair_el1, x0
    ldr     x0, =0x200803519        /* TCR: 39-bit, 4 KiB, inner shareable, no TTBR1, 1 TiB */
    msr     tcr_el1, x0
    address x0, tables
    msr     ttbr0_el1, x0
    address x0, vectors
    msr     vbar_el1, x0
    isb
    ldr     x0, =0x30d0180d         /* SCTLR: MMU, data and instruction caches, SP alignment */
    msr     sctlr_el1, x0
    isb
    ret

/* Add the distance between where we are and where we were linked to every absolute pointer. */
relocate:
    address x0, __rela_start
    address x1, __rela_end
    adrp    x2, _start
    ldr     w3, linked_at
    sub     x2, x2, x3
1:  cmp     x0, x1
    b.hs    2f
    ldp     x4, x5, [x0], #16       /* offset, type; all are R_AARCH64_RELATIVE */
    ldr     x6, [x0], #8            /* addend */
    add     x6, x6, x2
    str     x6, [x4, x2]
    b       1b
2:  ret
linked_at:
    .word   __linked_at
    .ltorg

    .section .tables, "aw", %nobits
    .balign TABLE_BYTES
    .globl  tables
tables:
    .space  TABLES_MAX * TABLE_BYTES
