/* The numbers that assembly and C must agree on. */
/* SPDX-License-Identifier: MIT */
#pragma once

#define CORES_MAX 8
#define CORE_STACK_BYTES 0x8000
#define CORE_TLS_BYTES 0x400 /* kernel.ld asserts that lib/'s thread-locals fit */
#define CORE_TLS_OFFSET 64   /* of the thread-locals behind TPIDR_EL0; the linker assumes it */
#define CORE_MEMORY_BYTES (CORE_STACK_BYTES + CORE_TLS_BYTES)

/* Translation: 4 KiB granule, 39-bit addresses, level 1 (1 GiB) and level 2 (2 MiB) blocks. */
#define TABLE_BYTES 0x1000
#define TABLES_MAX 16
#define BLOCK_SHIFT 21
#define GIGA_SHIFT 30
#define ADDRESS_SHIFT 39

/* Block descriptors: valid, access flag, inner shareable, type; bits 53 and 54 forbid fetching. */
#define MAP_IMAGE 0x0040000000000705  /* normal write-back, EL1 may execute */
#define MAP_RAM 0x0060000000000705    /* normal write-back, nobody executes */
#define MAP_DEVICE 0x0060000000000401 /* device nGnRE                       */

/* The PL011 of QEMU's virt machine: the console of a kernel whose tree cannot be read. */
#define EARLY_UART_BASE 0x09000000

/* struct trap_frame, as vectors.S stores it */
#define FRAME_BYTES 288
#define FRAME_LR 240
#define FRAME_SP 248
#define FRAME_ELR 256
#define FRAME_ESR 272

#define TRAP_SYNC 0
#define TRAP_IRQ 1
#define TRAP_FIQ 2
#define TRAP_SERROR 3
#define TRAP_FOREIGN 4 /* taken from EL0 or with SP_EL0: we use neither */
