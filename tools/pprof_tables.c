/* The tables of a profile in pprof's protocol buffer. */
/* SPDX-License-Identifier: MIT */
#include "pprof_tables.h"
#include <stdlib.h>
#include <string.h>

/* Numbers of fields. */
enum { TYPE = 1, MAPPING = 3, FUNCTION = 5, STRING = 6, TIME = 9, PERIOD = 12 };

bool pprof_no_memory(struct pprof_reading *pprof) {
    return heap_profile_fail(pprof->profile, "there is not enough memory to read it");
}

bool pprof_wrong(struct pprof_reading *pprof, const char *what) {
    return heap_profile_fail(pprof->profile, "its protocol buffer has a damaged %s", what);
}

static bool get_string(struct pprof_reading *pprof, uint64_t place, uint32_t *name, const char *of) {
    if (place >= pprof->string_count) return pprof_wrong(pprof, of);
    *name = pprof->strings[place];
    return true;
}

bool pprof_add_string(struct pprof_reading *pprof, const struct wire_field *field) {
    if (field->number != STRING) return true;
    if (!field->nested) return pprof_wrong(pprof, "text");
    uint32_t *strings = array_grow(pprof->strings, pprof->string_count, &pprof->string_room, sizeof(*strings));
    if (!strings) return pprof_no_memory(pprof);
    pprof->strings = strings;
    uint32_t name =
        names_add(pprof->profile->names, (const char *)field->wire.at, (size_t)(field->wire.end - field->wire.at));
    pprof->strings[pprof->string_count++] = name;
    return name != NUMBER_NONE || pprof_no_memory(pprof);
}

/* The type of a value: {type, unit}. */
static bool add_type(struct pprof_reading *pprof, struct wire wire) {
    static const char *const types[PROFILE_VALUES] = {"inuse_objects", "inuse_space", "alloc_objects", "alloc_space"};
    uint32_t name = NUMBER_NONE;
    for (struct wire_field field; wire_read(&wire, &field);)
        if (field.number == 1 && !get_string(pprof, field.value, &name, "type of samples")) return false;
    if (wire.wrong || pprof->type_count == PPROF_TYPES_MAX) return pprof_wrong(pprof, "type of samples");
    int type = PROFILE_VALUES - 1;
    while (type >= 0 && strcmp(names_text(pprof->profile->names, name), types[type]) != 0) type--;
    pprof->types[pprof->type_count++] = type;
    return true;
}

/* {id, start, end, offset, path, build id} */
static bool add_mapping(struct pprof_reading *pprof, struct wire wire) {
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
    if (!good || wire.wrong) return pprof_wrong(pprof, "mapping");
    return module.to <= module.from || heap_profile_add_module(pprof->profile, &module);
}

/* {id, name, system name, file, line} */
static bool add_function(struct pprof_reading *pprof, struct wire wire) {
    struct pprof_function function = {NUMBER_NONE, NUMBER_NONE};
    uint64_t id = 0;
    bool good = true;
    for (struct wire_field field; good && wire_read(&wire, &field);) {
        if (field.number == 1) id = field.value;
        if (field.number == 2) good = get_string(pprof, field.value, &function.name, "function");
        if (field.number == 4) good = get_string(pprof, field.value, &function.file, "function");
    }
    if (!good || wire.wrong || function.name == NUMBER_NONE) return pprof_wrong(pprof, "function");
    if (number_map_find(&pprof->function_ids, id) != NUMBER_NONE) return pprof_wrong(pprof, "function");
    struct pprof_function *functions =
        array_grow(pprof->functions, pprof->function_count, &pprof->function_room, sizeof(*functions));
    if (!functions) return pprof_no_memory(pprof);
    pprof->functions = functions;
    if (!number_map_add(&pprof->function_ids, id, (uint32_t)pprof->function_count)) return pprof_no_memory(pprof);
    pprof->functions[pprof->function_count++] = function;
    return true;
}

bool pprof_add_part(struct pprof_reading *pprof, const struct wire_field *field) {
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

void pprof_free(struct pprof_reading *pprof) {
    free(pprof->strings);
    free(pprof->functions);
    number_map_free(&pprof->function_ids);
    number_map_free(&pprof->location_ids);
}
