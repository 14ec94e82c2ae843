/* Longer texts than a report has room for: passed on piece by piece, to memory or to a file. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "report.h"
#include <stdbool.h>

struct sink {
    struct report report; /* what comes next is added to it, SINK_PIECE bytes at most between two calls of sink_flow */
    int file;             /* -1: to memory */
    bool failed;          /* the file did not take all */
    char *text;           /* of `room` bytes; what does not fit is cut */
    size_t room;
    size_t length; /* of all that was passed on, what was cut too */
};

enum { SINK_PIECE = 1024 };

/* Pass on what there is when it is much; sink_end: in any case. */
void sink_flow(struct sink *sink);
void sink_end(struct sink *sink);

/* A string between quotes, for JSON and for labels. */
void sink_add_quoted(struct sink *sink, const char *text);
