/* What the bounded paths of the heap cost, call by call. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* A line "PATH name cost calls" for each cost that was met. */
void path_cost_print(void);
