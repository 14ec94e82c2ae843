/* A RISC-V, of 32 or 64 bits, in QEMU's virt machine: entered in machine mode, serial port, test device. */
/* SPDX-License-Identifier: MIT */
#include "board.h"
#include <stdint.h>

enum { UART = 0x10000000, UART_STATE = 5, STATE_EMPTY = 0x20 };
enum { TEST_DEVICE = 0x100000, TEST_PASS = 0x5555, TEST_FAIL = 0x3333, FAULT_CODE = 98 };

/* tp points to the one copy of the thread-locals. A trap ends the machine. */
__asm__(".section .start, \"ax\"\n"
        ".option push\n"
        ".option arch, +zicsr\n"
        ".globl start\n"
        "start:\n"
        "    la sp, stack_top\n"
        "    la tp, thread_start\n"
        "    la t0, board_trap\n"
        "    csrw mtvec, t0\n"
        "    j board_main\n"
        ".option pop\n"
        ".previous");

__attribute__((used, aligned(4))) _Noreturn void board_trap(void);
void board_trap(void) {
    board_exit(FAULT_CODE);
}

void board_write(const char *text, size_t length) {
    volatile uint8_t *uart = (volatile uint8_t *)UART;
    for (; length > 0; length--, text++) {
        while (!(uart[UART_STATE] & STATE_EMPTY)) {
        }
        uart[0] = (uint8_t)*text;
    }
}

_Noreturn void board_exit(int code) {
    *(volatile uint32_t *)TEST_DEVICE = code == 0 ? TEST_PASS : (uint32_t)code << 16 | TEST_FAIL;
    for (;;) {
    }
}
