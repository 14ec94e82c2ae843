/* Bounds that were set for the heap of a process: how large it may grow, and what its growth is advised. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits {
    uint64_t bytes;      /* the heap may have; 0: any number */
    uint64_t soft_bytes; /* beyond, it is said once */
    bool named;          /* mappings have a name */
    bool huge;           /* huge pages are advised for all growth */
    bool set;            /* any of these: else growth asks nothing */
};

extern struct limits limits __attribute__((visibility("hidden")));

/* The options say what is in force now. */
void limit_update(void);

/* The heap wants so many bytes more at `at`. False: it may not. */
bool limit_allows(void *at, size_t bytes);

/* Call the function that is to know of the soft limit. */
void limit_call(void);

/* The heap has got them. */
void limit_note_growth(void *at, size_t bytes);
