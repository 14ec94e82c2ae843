/* Reads a heap profile in pprof's protocol buffer. Source: google/pprof, proto/profile.proto.
 *
 * Messages refer to others by numbers and may precede them, so the buffer is read four times: for texts, for
 * functions and mappings, for locations, for samples. */
/* SPDX-License-Identifier: MIT */
#include "heap_profile_formats.h"
#include "wire.h"
#include <stdlib.h>
#include <string.h>

/* Numbers of fields. */
enum { TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, TIME = 9, PERIOD = 12 };

enum { TYPES_MAX = 64 };

struct pprof_function {
    uint32_t name, file;
};

struct pprof {
    struct heap_profile *profile;
    uint32_t *strings; /* names, by their place in the buffer */
    struct pprof_function *functions;
    size_t string_count, string_room, function_count, function_room;
    struct number_map function_ids, location_ids;
    int types[TYPES_MAX]; /* enum profile_value of each value of a sample; -1: none */
    unsigned type_count;
};

typedef bool pprof_visit(struct pprof *pprof, const struct wire_field *field);

static bool out_of_memory(struct pprof *pprof) {
    return heap_profile_fail(pprof->profile, "there is not enough memory to read it");
}

static bool wrong_in(struct pprof *pprof, const char *what) {
    return heap_profile_fail(pprof->profile, "its protocol buffer has a damaged %s", what);
}

static bool get_string(struct pprof *pprof, uint64_t place, uint32_t *name, const char *of) {
    if (place >= pprof->string_count) return wrong_in(pprof, of);
    *name = pprof->strings[place];
    return true;
}

static bool add_string(struct pprof *pprof, const struct wire_field *field) {
    if (field->number != STRING) return true;
    if (!field->nested) return wrong_in(pprof, "text");
    uint32_t *strings = array_grow(pprof->strings, pprof->string_count, &pprof->string_room, sizeof(*strings));
    if (!strings) return out_of_memory(pprof);
    pprof->strings = strings;
    uint32_t name =
        names_add(pprof->profile->names, (const char *)field->wire.at, (size_t)(field->wire.end - field->wire.at));
    pprof->strings[pprof->string_count++] = name;
    return name != NUMBER_NONE || out_of_memory(pprof);
}

/* The type of a value: {type, unit}. */
static bool add_type(struct pprof *pprof, struct wire wire) {
    static const char *const types[PROFILE_VALUES] = {"inuse_objects", "inuse_space", "alloc_objects", "alloc_space"};
    uint32_t name = NUMBER_NONE;
    for (struct wire_field field; wire_read(&wire, &field);)
        if (field.number == 1 && !get_string(pprof, field.value, &name, "type of samples")) return false;
    if (wire.wrong || pprof->type_count == TYPES_MAX) return wrong_in(pprof, "type of samples");
    int type = PROFILE_VALUES - 1;
    while (type >= 0 && strcmp(names_text(pprof->profile->names, name), types[type]) != 0) type--;
    pprof->types[pprof->type_count++] = type;
    return true;
}

/* {id, start, end, offset, path, build id} */
static bool add_mapping(struct pprof *pprof, struct wire wire) {
    struct profile_module module = {.path = NUMBER_NONE, .build_id = NUMBER_NONE};
    bool good = get_string(pprof, 0, &module.path, "mapping");
    for (struct wire_field field; good && wire_read(&wire, &field);) {
        switch (field.number) {
        case 2: module.from = field.value; break;
        case 3: module.to = field.value; break;
        case 4: module.offset = field.value; break;
        case 5: good = get_string(pprof, field.value, &module.path, "mapping"); break;
        case 6: good = get_string(pprof, field.value, &module.build_id, "mapping"); break;
        default: break;
        }
    }
    if (!good || wire.wrong) return wrong_in(pprof, "mapping");
    return module.to <= module.from || heap_profile_add_module(pprof->profile, &module);
}

/* {id, name, system name, file, line} */
static bool add_function(struct pprof *pprof, struct wire wire) {
    struct pprof_function function = {NUMBER_NONE, NUMBER_NONE};
    uint64_t id = 0;
    bool good = true;
    for (struct wire_field field; good && wire_read(&wire, &field);) {
        if (field.number == 1) id = field.value;
        if (field.number == 2) good = get_string(pprof, field.value, &function.name, "function");
        if (field.number == 4) good = get_string(pprof, field.value, &function.file, "function");
    }
    if (!good || wire.wrong || function.name == NUMBER_NONE) return wrong_in(pprof, "function");
    if (number_map_find(&pprof->function_ids, id) != NUMBER_NONE) return wrong_in(pprof, "function");
    struct pprof_function *functions =
        array_grow(pprof->functions, pprof->function_count, &pprof->function_room, sizeof(*functions));
    if (!functions) return out_of_memory(pprof);
    pprof->functions = functions;
    if (!number_map_add(&pprof->function_ids, id, (uint32_t)pprof->function_count)) return out_of_memory(pprof);
    pprof->functions[pprof->function_count++] = function;
    return true;
}

/* {function, line} */
static bool add_line(struct pprof *pprof, struct wire wire) {
    uint64_t id = 0, line = 0;
    for (struct wire_field field; wire_read(&wire, &field);) {
        if (field.number == 1) id = field.value;
        if (field.number == 2) line = field.value;
    }
    uint32_t function = number_map_find(&pprof->function_ids, id);
    if (wire.wrong || function == NUMBER_NONE) return wrong_in(pprof, "line");
    const char *file = names_text(pprof->profile->names, pprof->functions[function].file);
    return heap_profile_add_line(pprof->profile,
                                 (struct profile_line){.function = pprof->functions[function].name,
                                                       .file = *file ? pprof->functions[function].file : NUMBER_NONE,
                                                       .number = line <= INT32_MAX ? (uint32_t)line : 0});
}

/* {id, mapping, address, lines} */
static bool add_location(struct pprof *pprof, struct wire wire) {
    struct heap_profile *profile = pprof->profile;
    uint64_t id = 0;
    uint32_t at = (uint32_t)profile->location_count;
    if (!heap_profile_add_location(profile, 0)) return false;
    for (struct wire_field field; wire_read(&wire, &field);) {
        if (field.number == 1) id = field.value;
        if (field.number == 3) profile->locations[at].address = field.value;
        if (field.number != 4) continue;
        if (!field.nested || !add_line(pprof, field.wire)) return wrong_in(pprof, "line");
        profile->locations[at].line_count++;
    }
    if (wire.wrong || number_map_find(&pprof->location_ids, id) != NUMBER_NONE) return wrong_in(pprof, "location");
    return number_map_add(&pprof->location_ids, id, at) || out_of_memory(pprof);
}

static bool add_part(struct pprof *pprof, const struct wire_field *field) {
    if (field->number == TIME && !field->nested) pprof->profile->time_ns = field->value;
    if (field->number == PERIOD && !field->nested && field->value > 0) pprof->profile->rate = field->value;
    if (!field->nested) return true;
    switch (field->number) {
    case TYPE: return add_type(pprof, field->wire);
    case MAPPING: return add_mapping(pprof, field->wire);
    case FUNCTION: return add_function(pprof, field->wire);
    default: return true;
    }
}

static bool add_place(struct pprof *pprof, const struct wire_field *field) {
    return field->number != LOCATION || !field->nested || add_location(pprof, field->wire);
}

/* Repeated numbers: `field` has one, or many that are packed. Each is given to `take`; false: it was refused. */
typedef bool number_take(struct pprof *pprof, struct profile_sample *sample, unsigned index, uint64_t number);

static bool take_numbers(struct pprof *pprof, struct profile_sample *sample, struct wire_field *field, unsigned *index,
                         number_take *take) {
    if (!field->nested) return take(pprof, sample, (*index)++, field->value);
    for (uint64_t number; field->wire.at < field->wire.end;)
        if (!wire_read_number(&field->wire, &number) || !take(pprof, sample, (*index)++, number)) return false;
    return true;
}

static bool take_location(struct pprof *pprof, struct profile_sample *sample, unsigned index, uint64_t number) {
    uint32_t location = number_map_find(&pprof->location_ids, number);
    if (location == NUMBER_NONE || index >= PROFILE_DEPTH_MAX) return false;
    sample->depth++;
    return heap_profile_add_frame(pprof->profile, location);
}

/* A value is signed; a negative one, as in the difference of two profiles, is no sum of blocks. */
static bool take_value(struct pprof *pprof, struct profile_sample *sample, unsigned index, uint64_t number) {
    if (index >= pprof->type_count || (int64_t)number < 0) return false;
    if (pprof->types[index] >= 0) sample->values[pprof->types[index]] = (double)number;
    return true;
}

/* {locations, values} */
static bool add_sample(struct pprof *pprof, const struct wire_field *found) {
    if (found->number != SAMPLE || !found->nested) return true;
    struct profile_sample sample = {.frame = pprof->profile->frame_count};
    struct wire wire = found->wire;
    unsigned locations = 0, values = 0;
    for (struct wire_field field; wire_read(&wire, &field);) {
        if (field.number == 1 && !take_numbers(pprof, &sample, &field, &locations, take_location))
            return wrong_in(pprof, "sample");
        if (field.number == 2 && !take_numbers(pprof, &sample, &field, &values, take_value))
            return wrong_in(pprof, "sample");
    }
    return wire.wrong ? wrong_in(pprof, "sample") : heap_profile_add_sample(pprof->profile, &sample);
}

static bool visit_fields(struct pprof *pprof, struct wire wire, pprof_visit *visit) {
    for (struct wire_field field; wire_read(&wire, &field);)
        if (!visit(pprof, &field)) return false;
    return !wire.wrong || heap_profile_fail(pprof->profile, "its protocol buffer is cut short or damaged");
}

static bool has_heap(struct pprof *pprof) {
    for (unsigned i = 0; i < pprof->type_count; i++)
        if (pprof->types[i] == LIVE_BYTES || pprof->types[i] == ALL_BYTES) return true;
    return heap_profile_fail(pprof->profile, "it is a protocol buffer, but no profile of a heap: it has neither "
                                             "`inuse_space` nor `alloc_space`");
}

bool heap_profile_parse_pprof(struct heap_profile *profile, const char *bytes, size_t length) {
    struct wire wire = {(const unsigned char *)bytes, (const unsigned char *)bytes + length, false};
    struct pprof pprof = {.profile = profile};
    bool good = visit_fields(&pprof, wire, add_string) && visit_fields(&pprof, wire, add_part) && has_heap(&pprof) &&
                visit_fields(&pprof, wire, add_place) && visit_fields(&pprof, wire, add_sample);
    free(pprof.strings);
    free(pprof.functions);
    number_map_free(&pprof.function_ids);
    number_map_free(&pprof.location_ids);
    return good;
}
