/* Writes texts that are longer than a report, piece by piece, to memory or to a file. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "report.h"
#include <stdbool.h>

struct sink {
    struct report report; /* the buffer; at most SINK_PIECE bytes are added between two calls of sink_flow */
    int file;             /* -1: to memory */
    bool failed;          /* a write to the file failed */
    char *text;           /* of `room` bytes; what does not fit is cut */
    size_t room;
    size_t length; /* of all that was passed on, including what was cut */
};

enum { SINK_PIECE = 1024 };

/* Pass on the buffer when less than SINK_PIECE is left in it; sink_end: always. */
void sink_flow(struct sink *sink);
void sink_end(struct sink *sink);

/* Add a string in quotes, for JSON and for labels. */
void sink_add_quoted(struct sink *sink, const char *text);

/* True when a new file may take the place of what has this name: a plain file, or nothing. A device, a pipe and a
 * symbolic link stay what they are, and are written to. */
bool sink_may_replace(const char *path);
