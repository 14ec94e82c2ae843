/* The process's clock, and what is due by it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* When EVENT_METRICS is due, by port_now_ms(); UINT64_MAX: never. Who reads the clock compares. */
extern uint64_t clock_due_ms __attribute__((visibility("hidden")));
