/* Huge pages: where the program advised them, and where the options want them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HUGE_PAGE_BYTES = 1 << 21 };

/* Note that the program advised huge pages for these addresses, which need not be the heap's. */
void huge_pages_note(void *at, size_t bytes);
extern bool huge_pages_noted __attribute__((visibility("hidden"))); /* something was noted */

/* Withdraw the program's advice after its block is freed: the next user of a small part should not get 2 MiB. Only
 * whole huge pages are declined, because a part would become a mapping of its own. */
void huge_pages_decline(uintptr_t from, uintptr_t to);

/* Advise the huge pages that lie whole in memory by which the heap has grown, because `hugepages=always` is set. */
void huge_pages_want(char *at, size_t bytes);
