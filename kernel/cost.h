/* What the machine's own operations cost, in instructions; run by the boot argument `wcet`. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

uint64_t cost_run(void); /* prints `COST name min max` lines, returns the exit code */
