/* The process's clock, and when the metrics file is due. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* When EVENT_METRICS is due, by port_now_ms(), which compares it at each reading; UINT64_MAX: never. */
extern uint64_t clock_due_ms __attribute__((visibility("hidden")));
