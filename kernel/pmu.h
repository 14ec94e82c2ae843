/* The count of executed instructions, exact under QEMU's -icount. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool pmu_init(void); /* false: this machine does not count instructions */
uint64_t pmu_instructions(void);
