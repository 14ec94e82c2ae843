/* What the program advised for memory of the heap. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* The program wants huge pages behind these addresses, whosever they are. */
void advice_note_huge(void *at, size_t bytes);
