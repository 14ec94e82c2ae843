/* An AArch64 in QEMU's virt machine without page tables: a minimal board for the core. heap.img is the real kernel.
 */
/* SPDX-License-Identifier: MIT */
#include "board.h"
#include <stdint.h>

enum { UART = 0x09000000, UART_STATE = 6, STATE_FULL = 0x20, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026 };

/* TPIDR_EL0 is 16 bytes before the one copy of the thread-locals, which board.ld aligns to no more than that. */
__asm__(".section .start, \"ax\"\n"
        ".globl start\n"
        "start:\n"
        "    adrp x0, stack_top\n"
        "    add x0, x0, :lo12:stack_top\n"
        "    mov sp, x0\n"
        "    adrp x0, thread_start\n"
        "    add x0, x0, :lo12:thread_start\n"
        "    sub x0, x0, #16\n"
        "    msr tpidr_el0, x0\n"
        "    b board_main\n"
        ".previous");

void board_write(const char *text, size_t length) {
    volatile uint32_t *uart = (volatile uint32_t *)UART;
    for (; length > 0; length--, text++) {
        while (uart[UART_STATE] & STATE_FULL) {
        }
        uart[0] = (uint8_t)*text;
    }
}

_Noreturn void board_exit(int code) {
    uint64_t block[2] = {APPLICATION_EXIT, (uint64_t)code};
    register uint64_t call __asm__("x0") = SYS_EXIT;
    register uint64_t *argument __asm__("x1") = block;
    __asm__ volatile("hlt #0xf000" : "+r"(call) : "r"(argument) : "memory");
    for (;;) {
    }
}
