/* Marks the live blocks that are reachable from the program's memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "leaks_list.h"

/* List all live blocks and mark those that are reachable; the caller's stack is scanned from `stack` up. NULL: no
 * memory, or the process may not read itself. Other threads must be stopped. leaks_list_end() ends the search. */
struct leaks_search *leaks_search(uintptr_t stack);
