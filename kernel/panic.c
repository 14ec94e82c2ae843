/* The end of the machine: one sentence, the registers, exit code 99. */
/* SPDX-License-Identifier: MIT */
#include "panic.h"
#include "arch.h"
#include "console.h"
#include "core.h"
#include "format.h"
#include "psci.h"
#include <stdbool.h>
#include <stddef.h>

extern uint8_t _start[], __end[];

/* The first core to panic prints; the others stop. A panic while panicking ends silently. */
static void seize(void) {
    static const struct core *first;
    const struct core *none = NULL;
    const struct core *self = core_self();

    irq_save();
    if (!__atomic_compare_exchange_n(&first, &none, self, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        while (none != self) core_sleep();
        machine_exit(EXIT_PANIC);
    }
    console_seize();
}

/* An address in the image is also printed as an offset: heap.elf's symbols minus _start. */
static void print_place(const char *name, uint64_t address) {
    bool inside = address >= (uintptr_t)_start && address < (uintptr_t)__end;

    kprintf("  %-4s %016lx", name, address);
    if (inside) kprintf("  image + %lx", address - (uintptr_t)_start);
    kprintf("\n");
}

void panic(const char *format, ...) {
    char text[160];
    va_list args;

    seize();
    va_start(args, format);
    format_text_args(text, sizeof text, format, args);
    va_end(args);
    kprintf("heapalloc-kernel: PANIC on core %u: %s\n", core_self()->index, text);
    print_place("from", (uintptr_t)__builtin_return_address(0));
    machine_exit(EXIT_PANIC);
}

void panic_frame(const char *what, const struct trap_frame *frame) {
    seize();
    kprintf("heapalloc-kernel: PANIC on core %u: %s\n", core_self()->index, what);
    print_place("elr", frame->elr);
    print_place("lr", frame->x[30]);
    print_place("far", frame->far);
    kprintf("  esr  %016lx  spsr %016lx  sp   %016lx\n", frame->esr, frame->spsr, frame->sp);
    for (int i = 0; i < 30; i += 3)
        kprintf("  x%-2d  %016lx  x%-2d  %016lx  x%-2d  %016lx\n", i, frame->x[i], i + 1, frame->x[i + 1], i + 2,
                frame->x[i + 2]);
    if (!core_stacks_are_whole()) kprintf("  a stack overflowed\n");
    machine_exit(EXIT_PANIC);
}
