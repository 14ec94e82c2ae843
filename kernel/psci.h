/* The firmware: start a core, switch off; and the exit code a semihosting host receives. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "machine.h"
#include <stdint.h>

enum exit_code { /* of the QEMU process, when it runs with -semihosting */
                 EXIT_PASS = 0,
                 EXIT_FAIL = 1,    /* a test failed            */
                 EXIT_TREE = 2,    /* the device tree is broken */
                 EXIT_CPU_ON = 3,  /* the firmware refused a core */
                 EXIT_TIMEOUT = 4, /* a core did not answer    */
                 EXIT_PANIC = 99,
};

void psci_init(enum psci_conduit conduit);

/* Start the core `mpidr` at `entry` with x0 = context; 0, or PSCI's (negative) error. */
int64_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);

/* End at once: the host gets `code`, hardware switches off. */
_Noreturn void machine_exit(uint64_t code);
