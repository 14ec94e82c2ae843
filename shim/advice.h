/* What the program advised for memory of the heap. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* The program wants huge pages behind these addresses, whosever they are. */
void advice_note_huge(void *at, size_t bytes);

/* The heap has grown by this memory, and the administrator of the process wants huge pages behind all of it. */
void advice_want_huge(char *at, size_t bytes);
