/* The PL011 serial port: one letter out, one letter in. */
/* SPDX-License-Identifier: MIT */
#include "pl011.h"
#include "device.h"

/* Source: Arm PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, chapter 3. The speed
 * stays as the firmware set it. */

enum { DATA = 0x00, FLAGS = 0x18, LINE_CONTROL = 0x2c, CONTROL = 0x30, INTERRUPT_MASK = 0x38 };
enum { FLAG_RECEIVE_EMPTY = 1 << 4, FLAG_TRANSMIT_FULL = 1 << 5 };
enum { LINE_8_BITS = 3 << 5, LINE_FIFOS = 1 << 4 };
enum { CONTROL_ENABLE = 1 << 0, CONTROL_TRANSMIT = 1 << 8, CONTROL_RECEIVE = 1 << 9 };
enum { POLLS_MAX = 10000000 };
enum { INTERRUPT_RECEIVE = 1 << 4, INTERRUPT_RECEIVE_TIMEOUT = 1 << 6 };

static uint64_t uart;

/* The FIFOs stay as the firmware left them: enabling them drops pending input, and checking first does not help,
 * because the next letter may arrive at any moment. */
void pl011_init(uint64_t base) {
    uart = base;
    uint32_t queues = device_read(uart + LINE_CONTROL) & LINE_FIFOS;
    device_write(uart + CONTROL, 0); /* the line may only be set while it is off */
    device_write(uart + INTERRUPT_MASK, 0);
    device_write(uart + LINE_CONTROL, LINE_8_BITS | queues);
    device_write(uart + CONTROL, CONTROL_ENABLE | CONTROL_TRANSMIT | CONTROL_RECEIVE);
}

void pl011_put(char letter) {
    uint32_t polls = 0;
    while ((device_read(uart + FLAGS) & FLAG_TRANSMIT_FULL) != 0)
        if (++polls == POLLS_MAX) return; /* a port without a clock: the letter is lost, the machine goes on */
    device_write(uart + DATA, (uint8_t)letter);
}

bool pl011_get(char *letter) {
    if ((device_read(uart + FLAGS) & FLAG_RECEIVE_EMPTY) != 0) return false;
    *letter = (char)device_read(uart + DATA);
    return true;
}

void pl011_arm_interrupt(void) {
    device_write(uart + INTERRUPT_MASK, INTERRUPT_RECEIVE | INTERRUPT_RECEIVE_TIMEOUT);
}

void pl011_interrupt(void) {
    device_write(uart + INTERRUPT_MASK, 0);
}
