/* The firmware: start a core, switch off; and the exit code a semihosting host receives. */
/* SPDX-License-Identifier: MIT */
#include "psci.h"
#include "arch.h"
#include "guarded.h"

/* Source: Arm Power State Coordination Interface, DEN 0022, version 0.2 on. */
#define PSCI_CPU_ON 0xc4000003
#define PSCI_SYSTEM_OFF 0x84000008
enum { PSCI_NOT_SUPPORTED = -1 };

/* Source: Arm Semihosting, operation SYS_EXIT, reason "the application ended". */
enum { SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026 };

static enum psci_conduit conduit;

void psci_init(enum psci_conduit found) {
    conduit = found;
}

static int64_t call(uint64_t function, uint64_t first, uint64_t second, uint64_t third) {
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = third;

    if (conduit == PSCI_HVC)
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    else if (conduit == PSCI_SMC)
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    else
        return PSCI_NOT_SUPPORTED;
    return (int64_t)x0;
}

int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context) {
    return call(PSCI_CPU_ON, mpidr, entry, context);
}

void machine_exit(uint64_t code) {
    uint64_t block[2] = {APPLICATION_EXIT, code};

    semihost(SYS_EXIT, block); /* returns only without a semihosting host */
    call(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;) core_sleep();
}
