/* The file of metrics that is rewritten at an interval: the options `metrics` and `interval`. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The options say what is in force now. */
void metrics_update(void);

/* When the file is to be written next, by the world's clock; UINT64_MAX: never. Who reads the clock compares. */
extern uint64_t metrics_due_ms __attribute__((visibility("hidden")));

/* Write the file: a temporary one beside it, which then takes its place, so that readers see all of one or the other.
 */
void metrics_write(void);
