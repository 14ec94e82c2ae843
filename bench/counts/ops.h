/* The operations that ops.c counts, and the functions that they call. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct calls {
    void *(*malloc)(size_t size_bytes);
    void (*free)(void *block);
    void *(*calloc)(size_t count, size_t size_bytes);
    void *(*realloc)(void *block, size_t size_bytes);
    size_t (*usable)(void *block);
    size_t (*in_use)(void);
};

/* Filled before an operation runs, then constant; a table instead of PLT calls, so that both runs jump in the same way.
 * */
extern struct calls calls;

struct op {
    const char *name;
    void (*run)(const struct op *op);
    size_t count;      /* operations between the marks, in all */
    size_t trap_count; /* the same when stepped, which takes up to 20 us per instruction; 0: not stepped */
    size_t size_bytes; /* what run() needs: the size, the largest one, or by how much blocks grow at a time */
    size_t last_bytes; /* to which size blocks grow */
    size_t blocks;     /* how many grow in turn */
};

/* Ends with a nameless entry. */
extern const struct op ops[];

/* `count` or `trap_count`, according to this process's marks. */
size_t count_of(const struct op *op);
void count_begin(void);
void count_end(void);
