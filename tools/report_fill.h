/* Fills the page of a report with what is known. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "report_data.h"

struct report_fill {
    struct profile_set *set;
    const struct report_heap *heap;  /* NULL: none */
    const struct heap_profile *pins; /* NULL: none */
    bool good;
};

/* Write the page. False: there is not enough memory, which was printed. */
bool report_fill(struct report_fill *page, FILE *out);
