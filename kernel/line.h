/* A line typed on a serial port: echoed, edited, recalled. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct line_port {
    char (*get)(void); /* waits for a letter */
    void (*write)(const char *text, size_t length);
};

/* Read a line, echoing it: backspace, ^U (all), ^C (give up the line) edit it, the arrows up and down fetch earlier
 * ones. Returns its length, or -1 for ^D on an empty line. It ends in a NUL; letters beyond bytes - 1 are not taken. */
int line_read(const struct line_port *port, char *line, uint32_t bytes);
