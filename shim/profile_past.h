/* The blocks that were freed last, and by whom: for the message about a misuse of one after that. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Note a block that is about to be freed; the caller has the profile's lock. */
void profile_past_note(const void *p);

/* Return addresses of the calls that allocated and freed the block at `p`, 0: unknown, or not freed. False: both are
 * unknown. Used for the message that ends a program. */
bool profile_about(const void *p, uintptr_t *allocated_by, uintptr_t *freed_by);
