/* What the heap's calls cost, in instructions; part of `wcet`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* With pmu_init() done and the other cores parked. */
void heap_cost_print(void);
