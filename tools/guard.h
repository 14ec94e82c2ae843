/* Faults that do not end the program: accesses to unmapped addresses, and the heap's own stops. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on bad accesses inside the functions below are caught. */
void guard_begin(void);

bool guard_load(uintptr_t address, uint64_t *word);
bool guard_store(uintptr_t address, uint64_t word);

/* Run a step; returns NULL, or the sentence that stopped it. */
const char *guard_attempt(void (*step)(void *context), void *context);

/* For port_stop(): abandon the step that is under way; ends the program if there is none. */
_Noreturn void guard_stop(const char *text, size_t length);
