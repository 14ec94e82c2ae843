/* What whole calls of the kernel's heap cost at most; part of `wcet`. */
/* SPDX-License-Identifier: MIT */
#pragma once

void whole_cost_print(void);
