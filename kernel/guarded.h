/* Accesses to addresses that may not be mapped: they return false instead of faulting. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool guarded_load64(uint64_t address, uint64_t *value);
bool guarded_store64(uint64_t address, uint64_t value);
bool guarded_load8(uint64_t address, uint8_t *value);
bool guarded_store8(uint64_t address, uint8_t value);

/* Call the host under the emulator; -1: there is none. */
long semihost(unsigned operation, const void *block);
