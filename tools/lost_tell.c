/* What was lost, in words: by call site where the profile knows it, else by size. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lost.h"
#include "sites.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 2048 };

struct teller {
    struct lost *lost;
    lost_say *say;
    void *argument;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct teller *teller, const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    teller->say(line, teller->argument);
}

/* ---- by call site ---- */

struct site {
    const struct profile_sample *sample; /* one of its */
    double blocks, bytes;
};

static int order_stacks(const void *left, const void *right, void *argument) {
    const struct heap_profile *profile = argument;
    const struct profile_sample *one = left, *other = right;
    if (one->depth != other->depth) return one->depth < other->depth ? -1 : 1;
    return memcmp(profile->frames + one->frame, profile->frames + other->frame, one->depth * sizeof(*profile->frames));
}

static int order_sites(const void *left, const void *right) {
    const struct site *one = left, *other = right;
    return (one->bytes < other->bytes) - (one->bytes > other->bytes);
}

static void tell_sites(const struct teller *teller, int rows) {
    struct heap_profile *profile = &teller->lost->profile;
    struct site *sites = calloc(profile->sample_count + 1, sizeof(*sites));
    size_t count = 0;
    if (!sites) return;
    qsort_r(profile->samples, profile->sample_count, sizeof(*profile->samples), order_stacks, profile);
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct profile_sample *sample = &profile->samples[i];
        if (i == 0 || order_stacks(sample - 1, sample, profile) != 0) sites[count++].sample = sample;
        sites[count - 1].blocks += sample->values[LIVE_BLOCKS];
        sites[count - 1].bytes += sample->values[LIVE_BYTES];
    }
    qsort(sites, count, sizeof(*sites), order_sites);
    for (size_t i = 0; i < count && i < (size_t)rows; i++) {
        char stack[LINE_BYTES - 64];
        sites_stack_text(profile, sites[i].sample, stack, sizeof(stack));
        tell(teller, "%12.0f bytes in %.0f block%s by %s", sites[i].bytes, sites[i].blocks,
             sites[i].blocks == 1 ? "" : "s", stack);
    }
    if (count > (size_t)rows) tell(teller, "%12s and by %zu others", "", count - (size_t)rows);
    free(sites);
}

/* ---- by size ---- */

struct size_row {
    uint64_t bytes, blocks;
};

static int order_lost(const void *left, const void *right) {
    const struct size_row *one = left, *other = right;
    return (one->bytes > other->bytes) - (one->bytes < other->bytes);
}

static int order_sizes(const void *left, const void *right) {
    const struct size_row *one = left, *other = right;
    uint64_t first = one->bytes * one->blocks, second = other->bytes * other->blocks;
    return (first < second) - (first > second);
}

static void tell_sizes(const struct teller *teller, int rows) {
    const struct lost *lost = teller->lost;
    struct size_row *sizes = calloc(lost->lost_blocks + 1, sizeof(*sizes));
    size_t count = 0, kinds = 0;
    if (!sizes) return;
    for (size_t i = 0; i < lost->count; i++)
        if (!lost->blocks[i].reached) sizes[count++] = (struct size_row){lost->blocks[i].bytes, 1};
    qsort(sizes, count, sizeof(*sizes), order_lost);
    for (size_t i = 0; i < count; i++) {
        if (kinds > 0 && sizes[kinds - 1].bytes == sizes[i].bytes)
            sizes[kinds - 1].blocks++;
        else
            sizes[kinds++] = sizes[i];
    }
    qsort(sizes, kinds, sizeof(*sizes), order_sizes);
    for (size_t i = 0; i < kinds && i < (size_t)rows; i++)
        tell(teller, "%12" PRIu64 " block%s of %" PRIu64 " bytes", sizes[i].blocks, sizes[i].blocks == 1 ? "" : "s",
             sizes[i].bytes);
    if (kinds > (size_t)rows) tell(teller, "%12s and of %zu other sizes", "", kinds - (size_t)rows);
    free(sizes);
}

void lost_tell(struct lost *lost, int rows, lost_say *say, void *argument) {
    struct teller teller = {lost, say, argument};
    if (lost->lost_blocks == 0) {
        tell(&teller, "no leaks: all of %zu live blocks can be reached", lost->count);
    } else {
        tell(&teller, "leaks: %" PRIu64 " bytes in %zu block%s that nothing points to", lost->lost_bytes,
             lost->lost_blocks, lost->lost_blocks == 1 ? "" : "s");
        if (lost->known < lost->lost_blocks) tell_sizes(&teller, rows);
        if (lost->known > 0 && lost->known < lost->lost_blocks)
            tell(&teller, "  the profiler sampled %zu of them:", lost->known);
        if (lost->known > 0) tell_sites(&teller, rows);
    }
    if (lost->running > 0)
        tell(&teller, "  %zu threads could not be stopped: what only their registers point to is told as lost",
             lost->running);
}
