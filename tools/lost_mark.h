/* Marks the blocks of a target that its memory and registers lead to. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"
#include "threads.h"

enum { LOST_PIECE = 1 << 20, LOST_OWN_MAX = 4096, LOST_PAGE = 4096, LOST_PAGES = 8192 };

struct lost_block {
    uint64_t address, bytes;
    bool reached;
};

struct lost_range {
    uint64_t from, to;
};

struct lost_search {
    struct lost_block *blocks; /* live ones, in the order of addresses */
    size_t count;
    struct target *target;
    struct threads threads;
    struct lost_range own[LOST_OWN_MAX]; /* no roots; in the order of addresses */
    size_t own_count;
    size_t *waiting, pending;
    uint64_t *buffer; /* of LOST_PIECE bytes */
    uint64_t *copies; /* of LOST_PAGES pages, each at its number's place: of which addresses is in `copied` */
    uint64_t copied[LOST_PAGES];
};

/* Mark; `waiting` has the blocks that are reached from the start. */
void lost_mark(struct lost_search *search);
