/* A RISC-V, of 32 or 64 bits, in QEMU's virt machine: entered in machine mode, or in supervisor mode by OpenSBI with
 * -DBOARD_SUPERVISOR=1; serial port, test device. */
/* SPDX-License-Identifier: MIT */
#include "board.h"
#include <stdint.h>

#if BOARD_SUPERVISOR
#define TRAP_CSR(name) "s" name
#else
#define TRAP_CSR(name) "m" name
#endif

enum { UART = 0x10000000, UART_STATE = 5, STATE_ARRIVED = 0x01, STATE_EMPTY = 0x20 };
enum { TEST_DEVICE = 0x100000, TEST_PASS = 0x5555, TEST_FAIL = 0x3333, FAULT_CODE = 98 };

void (*board_on_fault)(void);

/* tp points to the one copy of the thread-locals. A trap saves nothing and never returns to where it was: from the
 * first instruction of board_load() and board_store() it returns false, from elsewhere it goes to board_trap(). */
__asm__(".section .start, \"ax\"\n"
        ".option push\n"
        ".option arch, +zicsr\n"
        ".globl start, board_load, board_store\n"
        "start:\n"
        "    la sp, stack_top\n"
        "    la tp, thread_start\n"
        "    la t0, trap\n"
        "    csrw " TRAP_CSR("tvec") ", t0\n"
                                     "    j board_main\n"
#if __riscv_xlen == 64
                                     "board_load:\n"
                                     "    ld a2, 0(a0)\n"
                                     "    sd a2, 0(a1)\n"
                                     "    li a0, 1\n"
                                     "    ret\n"
                                     "board_store:\n"
                                     "    sd a1, 0(a0)\n"
                                     "    li a0, 1\n"
                                     "    ret\n"
#else
                                     "board_load:\n"
                                     "board_store:\n"
                                     "    li a0, 0\n"
                                     "    ret\n"
#endif
                                     ".balign 4\n"
                                     "trap:\n"
                                     "    csrr t0, " TRAP_CSR("epc") "\n"
                                                                     "    la t1, board_load\n"
                                                                     "    beq t0, t1, 1f\n"
                                                                     "    la t1, board_store\n"
                                                                     "    beq t0, t1, 1f\n"
                                                                     "    j board_trap\n"
                                                                     "1:  li a0, 0\n"
                                                                     "    ret\n"
                                                                     ".option pop\n"
                                                                     ".previous");

__attribute__((used)) _Noreturn void board_trap(void);
void board_trap(void) {
    if (board_on_fault) board_on_fault();
    board_exit(FAULT_CODE);
}

char board_read(void) {
    volatile uint8_t *uart = (volatile uint8_t *)UART;
    while (!(uart[UART_STATE] & STATE_ARRIVED)) {
    }
    return (char)uart[0];
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
