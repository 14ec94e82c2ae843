/* Records where the program advised huge pages, and advises them where the option says so. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* Note that the program advised huge pages for these addresses, which need not be the heap's. */
void advice_note_huge(void *at, size_t bytes);

/* Advise huge pages for memory by which the heap has grown, because `hugepages=always` is set. */
void advice_want_huge(char *at, size_t bytes);
