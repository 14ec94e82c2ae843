/* Pools and arenas by their names: sums of those that have the same name. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/named.h"
#include <stddef.h>

enum { BY_NAME_ROWS = 24, BY_NAME_CHARS = 40 };

struct by_name_row {
    char name[BY_NAME_CHARS]; /* a copy, truncated: the name may be freed with the object */
    enum named_kind kind;
    size_t count;
    size_t used_bytes; /* of pools: blocks of callers; of arenas: handed out and not freed */
    size_t reserved_bytes;
};

/* Rows are filled from the first; the sum of what does not fit is in `more`, which has no name then. */
struct by_name {
    size_t row_count;
    struct by_name_row rows[BY_NAME_ROWS];
    struct by_name_row more;
};

/* Sum up the list while others go on: each number was true at some moment. False: a fork is under way, nothing is read.
 * Any thread; takes one lock; O(named pools' blocks + named arenas). */
bool by_name_read(struct by_name *sums);
