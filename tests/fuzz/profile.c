/* Fuzzing: an input is a heap profile, in either format, or statistics in JSON. What is read of it must be consistent,
 * and is written in every format; what was written as pprof's is read again and must have the same sums. Built and run
 * by ci/fuzz.sh. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "call_tree.h"
#include "export_formats.h"
#include "json_numbers.h"
#include "json_text.h"
#include "profile_file.h"
#include <stdlib.h>
#include <string.h>

static _Noreturn void wrong(const char *what) {
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

static void check(const struct heap_profile *profile) {
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct profile_sample *sample = &profile->samples[i];
        if (sample->depth > profile->frame_count || sample->frame > profile->frame_count - sample->depth)
            wrong("a sample's stack is beyond the frames");
        for (int value = 0; value < PROFILE_VALUES; value++)
            if (!(sample->values[value] >= 0)) wrong("a sum is negative, or no number");
    }
    for (size_t i = 0; i < profile->frame_count; i++)
        if (profile->frames[i] >= profile->location_count) wrong("a frame has no location");
    for (size_t i = 0; i < profile->location_count; i++)
        if (profile->locations[i].line + profile->locations[i].line_count > profile->line_count)
            wrong("a location's lines are beyond the lines");
    for (size_t i = 0; i < profile->module_count; i++)
        if (profile->modules[i].from >= profile->modules[i].to) wrong("a module is empty");
}

static void write_all(struct heap_profile *profile) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    bool good = export_collapsed(profile, ALL_BYTES, out) && export_speedscope(profile, "name", out) &&
                export_massif(profile, 1, out);
    fclose(out);
    free(text);
    if (!good) wrong("there is no memory");
}

static void check_again(struct heap_profile *profile) {
    struct heap_profile again;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!export_pprof(profile, out)) wrong("there is no memory");
    fclose(out);
    if (!heap_profile_parse(&again, profile->names, text, length)) wrong(again.fault);
    if (again.sample_count != profile->sample_count) wrong("a sample is lost in pprof's format");
    for (size_t i = 0; i < again.sample_count; i++)
        for (int value = 0; value < PROFILE_VALUES; value++)
            if (whole_number(again.samples[i].values[value]) != whole_number(profile->samples[i].values[value]))
                wrong("a sum is changed in pprof's format");
    heap_profile_free(&again);
    free(text);
}

/* The input as statistics in JSON. */
static void check_json(struct names *names, const char *text, size_t length) {
    struct json_numbers numbers;
    if (!json_numbers_read(&numbers, names, text, length))
        for (size_t i = 0; i < numbers.count; i++)
            if (!(numbers.numbers[i].value - numbers.numbers[i].value == 0)) wrong("a number is none");
    json_numbers_free(&numbers);
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes);
int LLVMFuzzerTestOneInput(const unsigned char *input, size_t bytes) {
    struct names names = {0};
    struct heap_profile profile;
    if (heap_profile_parse(&profile, &names, (const char *)input, bytes)) {
        if (!profile_name(&profile)) wrong(profile.fault);
        check(&profile);
        write_all(&profile);
        check_again(&profile);
    } else if (!profile.fault[0]) {
        wrong("a profile is refused without a reason");
    }
    heap_profile_free(&profile);
    check_json(&names, (const char *)input, bytes);
    names_free(&names);
    return 0;
}
