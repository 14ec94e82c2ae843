/* What `heapalloc top` shows at one moment, as lines that fit a terminal. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "named.h"
#include "survey.h"

enum { FRAME_LINES = 64, FRAME_COLUMNS = 160 };

struct frame {
    unsigned columns, rows; /* that may be used */
    char lines[FRAME_LINES][FRAME_COLUMNS];
    unsigned count;
};

/* What is known of the heap at that moment. */
struct frame_look {
    struct survey survey;
    struct by_name named;
};

/* What changed since the last look, which there may not have been. */
struct growth {
    uint64_t live; /* bytes, then */
    bool known;
};

/* Make the lines. Where the terminal is small, rows and columns that matter less are left out. */
void frame_make(struct frame *frame, const struct frame_look *look, const char *name, const struct growth *growth);
