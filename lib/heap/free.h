/* What every function that is given a block asks about it first. Each ends the program with a sentence, or returns. */
#pragma once
#include "heap/heap.h"

/* The unit of a pointer that may be the start of a block: SLAB, MEDIUM or LARGE. */
struct unit *free_check_unit(const char *function, const void *p);

/* `p` is a used block's start, in a slab, a medium extent, a large extent. */
struct unit *free_check_slab(const char *function, const void *p, struct unit *slab);
struct granule *free_check_medium(const char *function, const void *p);
struct unit *free_check_large(const char *function, const void *p, struct unit *unit);
