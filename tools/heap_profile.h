/* A heap profile in memory, whichever format it was read from.
 *
 * A sample is a call stack with its sums; its frames are locations, innermost first. A location is an address in the
 * profiled process, and has a line for each function there: the innermost of those that were inlined first. A profile
 * whose file names no functions gets them by heap_profile_name(). */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "names.h"

enum profile_value { LIVE_BLOCKS, LIVE_BYTES, ALL_BLOCKS, ALL_BYTES, PROFILE_VALUES };
enum { PROFILE_FAULT_BYTES = 400, PROFILE_DEPTH_MAX = 1024 };

struct profile_line {
    uint32_t function, file; /* names; file: NUMBER_NONE: not known */
    uint32_t number;
};

struct profile_location {
    uint64_t address;          /* within the call, not after it */
    uint32_t line, line_count; /* lines[line .. line + line_count) */
    bool unknown;              /* the line is only a place in a module */
};

struct profile_sample {
    size_t frame;
    uint32_t depth;                /* frames[frame .. frame + depth) */
    double values[PROFILE_VALUES]; /* estimates of what the samples stand for */
};

struct profile_module {
    uint64_t from, to, offset; /* its executable mapping */
    uint32_t path, build_id;   /* names */
};

struct heap_profile {
    struct names *names; /* may be shared with other profiles */
    struct profile_sample *samples;
    struct profile_location *locations;
    struct profile_line *lines;
    struct profile_module *modules;
    uint32_t *frames; /* locations */
    size_t sample_count, location_count, line_count, module_count, frame_count;
    size_t sample_room, location_room, line_room, module_room, frame_room;
    uint64_t rate;    /* a sample in so many bytes; 1: every block */
    uint64_t time_ns; /* when it was written, since 1970; 0: not known */
    char fault[PROFILE_FAULT_BYTES];
};

void heap_profile_free(struct heap_profile *profile);

/* The module that an address is in; NULL: it is in none. */
const struct profile_module *heap_profile_module(const struct heap_profile *profile, uint64_t address);

/* The sum of all samples. */
double heap_profile_sum(const struct heap_profile *profile, enum profile_value value);

/* Put the lines of a sample's functions into `lines`, which has this room, innermost first. Returns how many there are;
 * what has no room is left out. */
size_t heap_profile_functions(const struct heap_profile *profile, const struct profile_sample *sample,
                              const struct profile_line **lines, size_t room);

/* For those who read formats: add an element. False: there is no memory, which is the fault then. */
bool heap_profile_add_frame(struct heap_profile *profile, uint32_t location);
bool heap_profile_add_sample(struct heap_profile *profile, const struct profile_sample *sample);
bool heap_profile_add_location(struct heap_profile *profile, uint64_t address);
bool heap_profile_add_line(struct heap_profile *profile, struct profile_line line);
bool heap_profile_add_module(struct heap_profile *profile, const struct profile_module *module);

/* Set `fault`; returns false. */
bool heap_profile_fail(struct heap_profile *profile, const char *format, ...) __attribute__((format(printf, 2, 3)));
