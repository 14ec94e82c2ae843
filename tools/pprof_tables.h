/* The tables of a profile in pprof's protocol buffer: texts, types of values, mappings, functions. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"
#include "number_map.h"
#include "wire.h"

enum { PPROF_TYPES_MAX = 64 };

struct pprof_function {
    uint32_t name, file;
};

struct pprof_reading {
    struct heap_profile *profile;
    uint32_t *strings; /* names, by their place in the buffer */
    struct pprof_function *functions;
    size_t string_count, string_room, function_count, function_room;
    struct number_map function_ids, location_ids;
    int types[PPROF_TYPES_MAX]; /* enum profile_value of each value of a sample; -1: none */
    unsigned type_count;
};

/* Say what is wrong, and return false. */
bool pprof_no_memory(struct pprof_reading *pprof);
bool pprof_wrong(struct pprof_reading *pprof, const char *what);

/* Enter a field of the profile if it is a text; if it is of another table. False: it is damaged, or there is no memory.
 */
bool pprof_add_string(struct pprof_reading *pprof, const struct wire_field *field);
bool pprof_add_part(struct pprof_reading *pprof, const struct wire_field *field);

void pprof_free(struct pprof_reading *pprof);
