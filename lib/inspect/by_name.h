/* Pools and arenas by their names: sums of those that have the same name. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap/named.h"
#include <stddef.h>

enum { BY_NAME_ROWS = 24 };

struct by_name_row {
    char name[NAMED_CHARS]; /* a copy: the entry may end meanwhile */
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

/* The row of the objects of this kind and name, which is made if there is room, or the sum of the others. */
struct by_name_row *by_name_row_of(struct by_name *sums, const char *name, enum named_kind kind);

/* "pool", "arena", "collected"; of the sum without a name "others". */
const char *by_name_kind(const struct by_name_row *row);

/* Sum up the list while others go on: each number was true at some moment. False: a fork is under way, nothing is read.
 * Any thread; takes one lock; O(named pools' blocks + named arenas). */
bool by_name_read(struct by_name *sums);
