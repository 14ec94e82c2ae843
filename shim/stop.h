/* What the sentence that ends a program may say of its place. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The instruction that faulted; 0: the call into this library is the place. */
extern uintptr_t stop_fault_pc __attribute__((visibility("hidden")));
