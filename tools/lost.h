/* The live blocks of a target that nothing points to: the library's search for leaks, from outside.
 *
 * Roots are the threads' registers and all private writable mappings except what is the heap's own. Every aligned word
 * of them, and of what is reached, may be a pointer, also into the middle of a block. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "lost_mark.h"
#include "report_pins.h"

struct lost {
    struct lost_block *blocks; /* live ones, in the order of addresses */
    size_t count, room;
    size_t lost_blocks;
    uint64_t lost_bytes;         /* as requested, where the profile knows; else the blocks' */
    size_t known;                /* lost blocks whose call site is known */
    size_t running;              /* threads that could not be stopped */
    struct pins pins;            /* those of the lost blocks */
    struct heap_profile profile; /* of them, if `known` */
};

/* Search; a process is stopped meanwhile. False: `why` of the target has the reason. lost_free() is due after either.
 */
bool lost_find(struct lost *lost, struct target *target, struct names *names);
void lost_free(struct lost *lost);

/* Call `say` with lines of a report: a sentence, and `rows` call sites or sizes. */
typedef void lost_say(const char *line, void *argument);
void lost_tell(struct lost *lost, int rows, lost_say *say, void *argument);
