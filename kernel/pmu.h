/* The count of executed instructions, exact under QEMU's -icount. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool pmu_init(void); /* false: this machine does not count instructions */
uint64_t pmu_instructions(void);

/* Call a function of up to three words with interrupts masked, and count its instructions and no others. */
uint64_t pmu_call(uintptr_t function, const uint64_t words[3], uint64_t *cost);
