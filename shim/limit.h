/* Enforces the limits on the heap's growth, and advises and names the memory by which it grows. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits {
    uint64_t bytes;      /* the most that the heap may have; 0: no limit */
    uint64_t soft_bytes; /* growth beyond is reported once; 0: no limit */
    bool named;          /* mappings get a name */
    bool huge;           /* huge pages are advised for all growth */
    bool set;            /* any of these is set; otherwise growth checks nothing else */
};

extern struct limits limits __attribute__((visibility("hidden")));

/* Take over the limits that the options say now. */
void limit_update(void);

/* Check the limits before the heap grows by so many bytes at `at`. False: it may not. */
bool limit_allows(void *at, size_t bytes);

/* Call the function that the program registered for the soft limit. */
void limit_call(void);

/* The heap has grown by them: advise and name the memory. */
void limit_note_growth(void *at, size_t bytes);
