/* What may go wrong without ending the program: accesses to addresses that are not there, and the
 * heap's own stops. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on bad accesses inside of the functions below are caught. */
void guard_begin(void);

bool guard_load(uintptr_t address, uint64_t *word);
bool guard_store(uintptr_t address, uint64_t word);

/* Run a step; NULL, or the sentence of what stopped it. */
const char *guard_attempt(void (*step)(void *context), void *context);

/* For port_stop(): give up the step that is under way; ends the program when there is none. */
_Noreturn void guard_stop(const char *text, size_t length);
