/* The end of the machine: one sentence, the registers, exit code 99. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The registers of an interrupted core, as vectors.S lays them on its stack. */
struct trap_frame {
    uint64_t x[31];
    uint64_t sp;
    uint64_t elr, spsr, esr, far;
};

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void panic_frame(const char *what, const struct trap_frame *frame);
