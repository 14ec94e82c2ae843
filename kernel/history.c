/* The latest lines that were typed on the console, in a ring. Only the core that reads lines uses it. */
/* SPDX-License-Identifier: MIT */
#include "history.h"
#include <stddef.h>
#include <string.h>

enum { LINES = 16, LINE_BYTES = 160 };

static char lines[LINES][LINE_BYTES];
static uint32_t line_count; /* ever kept */

const char *history_at(uint32_t back) {
    if (back == 0 || back > line_count || back > LINES) return NULL;
    return lines[(line_count - back) % LINES];
}

void history_add(const char *line, uint32_t length) {
    const char *latest = history_at(1);

    if (length == 0 || length >= LINE_BYTES) return;
    if (latest != NULL && strlen(latest) == length && memcmp(latest, line, length) == 0) return;
    char *place = lines[line_count++ % LINES];
    memcpy(place, line, length);
    place[length] = '\0';
}
