/* The latest lines that were typed on the console. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* Keep a line, unless it is empty, the same as the latest, or too long to keep. */
void history_add(const char *line, uint32_t length);

/* The line `back` lines ago, 1 the latest; NULL: it is not kept, or never was. */
const char *history_at(uint32_t back);
