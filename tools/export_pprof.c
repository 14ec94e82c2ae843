/* Heap profiles as pprof's protocol buffer. Source: google/pprof, proto/profile.proto. */
/* SPDX-License-Identifier: MIT */
#include "export_formats.h"
#include "json_text.h"
#include "wire.h"
#include <stdlib.h>
#include <string.h>

/* Numbers of fields. */
enum { TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, TIME = 9, PERIOD_TYPE = 11, PERIOD, DEFAULT_TYPE = 14 };
enum { HAS_FUNCTIONS = 7, HAS_INLINE_FRAMES = 10 };

struct writing {
    const struct heap_profile *profile;
    struct wire_out out, message, inner;
    uint64_t string_count;
    uint32_t *strings; /* the place of each name among the strings, 0: it has none yet */
    struct number_map functions;
};

static uint64_t put_text(struct writing *writing, const char *text) {
    wire_put_bytes(&writing->out, STRING, text, strlen(text));
    return writing->string_count++;
}

static uint64_t put_name(struct writing *writing, uint32_t name) {
    if (name == NUMBER_NONE) return 0;
    if (writing->strings[name] == 0)
        writing->strings[name] = (uint32_t)put_text(writing, names_text(writing->profile->names, name));
    return writing->strings[name];
}

static void put_type(struct writing *writing, unsigned field, const char *type, const char *unit) {
    wire_put_field(&writing->message, 1, put_text(writing, type));
    wire_put_field(&writing->message, 2, put_text(writing, unit));
    wire_put_message(&writing->out, field, &writing->message);
}

/* The order is that of pprof's own heap profiles. */
static const enum profile_value written[] = {ALL_BLOCKS, ALL_BYTES, LIVE_BLOCKS, LIVE_BYTES};

static void put_head(struct writing *writing) {
    put_text(writing, "");
    put_type(writing, TYPE, "alloc_objects", "count");
    put_type(writing, TYPE, "alloc_space", "bytes");
    put_type(writing, TYPE, "inuse_objects", "count");
    put_type(writing, TYPE, "inuse_space", "bytes");
    put_type(writing, PERIOD_TYPE, "space", "bytes");
    wire_put_field(&writing->out, TIME, writing->profile->time_ns);
    wire_put_field(&writing->out, PERIOD, writing->profile->rate);
    wire_put_field(&writing->out, DEFAULT_TYPE, put_text(writing, "inuse_space"));
}

/* What a mapping has, so that readers need not look for it. */
static void put_module(struct writing *writing, size_t index, bool named) {
    const struct profile_module *module = &writing->profile->modules[index];
    wire_put_field(&writing->message, 1, index + 1);
    wire_put_field(&writing->message, 2, module->from);
    wire_put_field(&writing->message, 3, module->to);
    wire_put_field(&writing->message, 4, module->offset);
    wire_put_field(&writing->message, 5, put_name(writing, module->path));
    wire_put_field(&writing->message, 6, put_name(writing, module->build_id));
    for (unsigned field = HAS_FUNCTIONS; named && field <= HAS_INLINE_FRAMES; field++)
        wire_put_field(&writing->message, field, 1);
    wire_put_message(&writing->out, MAPPING, &writing->message);
}

static bool is_named(const struct heap_profile *profile, const struct profile_module *module) {
    for (size_t i = 0; i < profile->location_count; i++)
        if (!profile->locations[i].unknown && heap_profile_module(profile, profile->locations[i].address) == module)
            return true;
    return false;
}

static uint64_t put_function(struct writing *writing, const struct profile_line *line) {
    uint64_t key = (uint64_t)line->function << 32 | line->file;
    uint32_t id = number_map_find(&writing->functions, key);
    if (id != NUMBER_NONE) return id;
    id = (uint32_t)writing->functions.count + 1;
    if (!number_map_add(&writing->functions, key, id)) writing->out.failed = true;
    wire_put_field(&writing->message, 1, id);
    wire_put_field(&writing->message, 2, put_name(writing, line->function));
    wire_put_field(&writing->message, 3, put_name(writing, line->function));
    wire_put_field(&writing->message, 4, put_name(writing, line->file));
    wire_put_message(&writing->out, FUNCTION, &writing->message);
    return id;
}

static const struct profile_line *line_of(const struct writing *writing, const struct profile_location *location,
                                          uint32_t index) {
    return &writing->profile->lines[location->line + index];
}

/* Functions go first: they are messages of their own. */
static void put_location(struct writing *writing, size_t index) {
    const struct profile_location *location = &writing->profile->locations[index];
    const struct profile_module *module = heap_profile_module(writing->profile, location->address);
    uint32_t count = location->unknown ? 0 : location->line_count;
    for (uint32_t i = 0; i < count; i++) put_function(writing, line_of(writing, location, i));
    wire_put_field(&writing->message, 1, index + 1);
    if (module) wire_put_field(&writing->message, 2, (uint64_t)(module - writing->profile->modules) + 1);
    wire_put_field(&writing->message, 3, location->address);
    for (uint32_t i = 0; i < count; i++) {
        const struct profile_line *line = line_of(writing, location, i);
        wire_put_field(&writing->inner, 1, put_function(writing, line));
        wire_put_field(&writing->inner, 2, line->number);
        wire_put_message(&writing->message, 4, &writing->inner);
    }
    wire_put_message(&writing->out, LOCATION, &writing->message);
}

static void put_sample(struct writing *writing, const struct profile_sample *sample) {
    for (uint32_t i = 0; i < sample->depth; i++)
        wire_put_number(&writing->inner, writing->profile->frames[sample->frame + i] + 1);
    wire_put_message(&writing->message, 1, &writing->inner);
    for (int i = 0; i < PROFILE_VALUES; i++)
        wire_put_number(&writing->inner, (uint64_t)whole_number(sample->values[written[i]]));
    wire_put_message(&writing->message, 2, &writing->inner);
    wire_put_message(&writing->out, SAMPLE, &writing->message);
}

bool export_pprof(const struct heap_profile *profile, FILE *out) {
    struct writing writing = {.profile = profile, .strings = calloc(profile->names->count + 1, sizeof(uint32_t))};
    if (!writing.strings) return false;
    put_head(&writing);
    for (size_t i = 0; i < profile->module_count; i++) put_module(&writing, i, is_named(profile, &profile->modules[i]));
    for (size_t i = 0; i < profile->location_count; i++) put_location(&writing, i);
    for (size_t i = 0; i < profile->sample_count; i++) put_sample(&writing, &profile->samples[i]);
    bool good = !writing.out.failed;
    if (good) fwrite(writing.out.bytes, 1, writing.out.length, out);
    free(writing.strings);
    free(writing.out.bytes);
    free(writing.message.bytes);
    free(writing.inner.bytes);
    number_map_free(&writing.functions);
    return good;
}
