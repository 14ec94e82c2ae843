/* This library's own code, wherever it was linked: its bounds and its unwind table. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* True when `pc` is in this library's code, also when it is linked into a program. */
bool own_code_has(uintptr_t pc);

/* The table .eh_frame_hdr of the module that has this library's code; NULL: it has none. */
const uint8_t *own_code_table(void);
