/* A Cortex-M in QEMU's mps2-an385: vectors, the CMSDK serial port, exit by semihosting. */
/* SPDX-License-Identifier: MIT */
#include "board.h"
#include <stdint.h>

extern char stack_top[];
enum { UART = 0x40004000, UART_DATA = 0, UART_STATE = 1, UART_CONTROL = 2, UART_DIVIDER = 4 };
enum { STATE_FULL = 1, CONTROL_TRANSMIT = 1, FAULT_CODE = 98, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

static void fault(void) {
    board_exit(FAULT_CODE);
}

/* Stack, reset, NMI, and all faults. */
extern const void *const start[];
__attribute__((section(".start"), used))
const void *const start[] = {stack_top, board_main, fault, fault, fault, fault, fault};

void board_write(const char *text, size_t length) {
    volatile uint32_t *uart = (volatile uint32_t *)UART;
    uart[UART_DIVIDER] = 16;
    uart[UART_CONTROL] = CONTROL_TRANSMIT;
    for (; length > 0; length--, text++) {
        while (uart[UART_STATE] & STATE_FULL) {
        }
        uart[UART_DATA] = (uint8_t)*text;
    }
}

_Noreturn void board_exit(int code) {
    uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)code};
    register uint32_t call __asm__("r0") = SYS_EXIT_EXTENDED;
    register uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(call) : "r"(argument) : "memory");
    for (;;) {
    }
}
