/* A heap profile in memory. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap_profile.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool heap_profile_fail(struct heap_profile *profile, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(profile->fault, sizeof(profile->fault), format, arguments);
    va_end(arguments);
    return false;
}

static bool no_memory(struct heap_profile *profile) {
    return heap_profile_fail(profile, "there is not enough memory to read it");
}

/* An array with room for one more element; NULL: there is no memory. Indexes have 32 bits, which bounds the count. */
static void *room_for_one(struct heap_profile *profile, void *array, size_t count, size_t *room, size_t size) {
    void *grown = count < NUMBER_NONE - 1 ? array_grow(array, count, room, size) : NULL;
    if (!grown) no_memory(profile);
    return grown;
}

bool heap_profile_add_frame(struct heap_profile *profile, uint32_t location) {
    void *grown =
        room_for_one(profile, profile->frames, profile->frame_count, &profile->frame_room, sizeof(*profile->frames));
    if (!grown) return false;
    profile->frames = grown;
    profile->frames[profile->frame_count++] = location;
    return true;
}

bool heap_profile_add_sample(struct heap_profile *profile, const struct profile_sample *sample) {
    void *grown = room_for_one(profile, profile->samples, profile->sample_count, &profile->sample_room,
                               sizeof(*profile->samples));
    if (!grown) return false;
    profile->samples = grown;
    profile->samples[profile->sample_count++] = *sample;
    return true;
}

bool heap_profile_add_location(struct heap_profile *profile, uint64_t address) {
    void *grown = room_for_one(profile, profile->locations, profile->location_count, &profile->location_room,
                               sizeof(*profile->locations));
    if (!grown) return false;
    profile->locations = grown;
    profile->locations[profile->location_count++] =
        (struct profile_location){.address = address, .line = (uint32_t)profile->line_count};
    return true;
}

bool heap_profile_add_line(struct heap_profile *profile, struct profile_line line) {
    void *grown =
        room_for_one(profile, profile->lines, profile->line_count, &profile->line_room, sizeof(*profile->lines));
    if (!grown) return false;
    profile->lines = grown;
    if (line.function == NUMBER_NONE) return no_memory(profile);
    profile->lines[profile->line_count++] = line;
    return true;
}

bool heap_profile_add_module(struct heap_profile *profile, const struct profile_module *module) {
    void *grown = room_for_one(profile, profile->modules, profile->module_count, &profile->module_room,
                               sizeof(*profile->modules));
    if (!grown) return false;
    profile->modules = grown;
    if (module->path == NUMBER_NONE) return no_memory(profile);
    profile->modules[profile->module_count++] = *module;
    return true;
}

double heap_profile_sum(const struct heap_profile *profile, enum profile_value value) {
    double sum = 0;
    for (size_t i = 0; i < profile->sample_count; i++) sum += profile->samples[i].values[value];
    return sum;
}

void heap_profile_free(struct heap_profile *profile) {
    free(profile->samples);
    free(profile->locations);
    free(profile->lines);
    free(profile->modules);
    free(profile->frames);
    profile->samples = NULL;
    profile->locations = NULL;
    profile->lines = NULL;
    profile->modules = NULL;
    profile->frames = NULL;
}

size_t heap_profile_functions(const struct heap_profile *profile, const struct profile_sample *sample,
                              const struct profile_line **lines, size_t room) {
    size_t count = 0;
    for (uint32_t i = 0; i < sample->depth; i++) {
        const struct profile_location *location = &profile->locations[profile->frames[sample->frame + i]];
        for (uint32_t line = 0; line < location->line_count && count < room; line++)
            lines[count++] = &profile->lines[location->line + line];
    }
    return count;
}

const struct profile_module *heap_profile_module(const struct heap_profile *profile, uint64_t address) {
    size_t low = 0, high = profile->module_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (profile->modules[middle].to <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < profile->module_count && profile->modules[low].from <= address ? &profile->modules[low] : NULL;
}
