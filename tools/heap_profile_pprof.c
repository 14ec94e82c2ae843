/* Reads a heap profile in pprof's protocol buffer. Source: google/pprof, proto/profile.proto.
 *
 * Messages refer to others by numbers and may precede them, so the buffer is read four times: for texts, for
 * functions and mappings, for locations, for samples. */
/* SPDX-License-Identifier: MIT */
#include "heap_profile_formats.h"
#include "pprof_tables.h"

/* Numbers of fields. */
enum { SAMPLE = 2, LOCATION = 4 };

typedef bool pprof_visit(struct pprof_reading *pprof, const struct wire_field *field);

/* {function, line} */
static bool add_line(struct pprof_reading *pprof, struct wire wire) {
    uint64_t id = 0, line = 0;
    for (struct wire_field field; wire_read(&wire, &field);) {
        if (field.number == 1) id = field.value;
        if (field.number == 2) line = field.value;
    }
    uint32_t function = number_map_find(&pprof->function_ids, id);
    if (wire.wrong || function == NUMBER_NONE) return pprof_wrong(pprof, "line");
    const char *file = names_text(pprof->profile->names, pprof->functions[function].file);
    return heap_profile_add_line(pprof->profile,
                                 (struct profile_line){.function = pprof->functions[function].name,
                                                       .file = *file ? pprof->functions[function].file : NUMBER_NONE,
                                                       .number = line <= INT32_MAX ? (uint32_t)line : 0});
}

/* {id, mapping, address, lines} */
static bool add_location(struct pprof_reading *pprof, struct wire wire) {
    struct heap_profile *profile = pprof->profile;
    uint64_t id = 0;
    uint32_t at = (uint32_t)profile->location_count;
    if (!heap_profile_add_location(profile, 0)) return false;
    for (struct wire_field field; wire_read(&wire, &field);) {
        if (field.number == 1) id = field.value;
        if (field.number == 3) profile->locations[at].address = field.value;
        if (field.number != 4) continue;
        if (!field.nested || !add_line(pprof, field.wire)) return pprof_wrong(pprof, "line");
        profile->locations[at].line_count++;
    }
    if (wire.wrong || number_map_find(&pprof->location_ids, id) != NUMBER_NONE) return pprof_wrong(pprof, "location");
    return number_map_add(&pprof->location_ids, id, at) || pprof_no_memory(pprof);
}

static bool add_place(struct pprof_reading *pprof, const struct wire_field *field) {
    return field->number != LOCATION || !field->nested || add_location(pprof, field->wire);
}

/* Repeated numbers: `field` has one, or many that are packed. Each is given to `take`; false: it was refused. */
typedef bool number_take(struct pprof_reading *pprof, struct profile_sample *sample, unsigned index, uint64_t number);

static bool take_numbers(struct pprof_reading *pprof, struct profile_sample *sample, struct wire_field *field,
                         unsigned *index, number_take *take) {
    if (!field->nested) return take(pprof, sample, (*index)++, field->value);
    for (uint64_t number; field->wire.at < field->wire.end;)
        if (!wire_read_number(&field->wire, &number) || !take(pprof, sample, (*index)++, number)) return false;
    return true;
}

static bool take_location(struct pprof_reading *pprof, struct profile_sample *sample, unsigned index, uint64_t number) {
    uint32_t location = number_map_find(&pprof->location_ids, number);
    if (location == NUMBER_NONE || index >= PROFILE_DEPTH_MAX) return false;
    sample->depth++;
    return heap_profile_add_frame(pprof->profile, location);
}

/* A value is signed; a negative one, as in the difference of two profiles, is no sum of blocks. */
static bool take_value(struct pprof_reading *pprof, struct profile_sample *sample, unsigned index, uint64_t number) {
    if (index >= pprof->type_count || (int64_t)number < 0) return false;
    if (pprof->types[index] >= 0) sample->values[pprof->types[index]] = (double)number;
    return true;
}

/* {locations, values} */
static bool add_sample(struct pprof_reading *pprof, const struct wire_field *found) {
    if (found->number != SAMPLE || !found->nested) return true;
    struct profile_sample sample = {.frame = pprof->profile->frame_count};
    struct wire wire = found->wire;
    unsigned locations = 0, values = 0;
    for (struct wire_field field; wire_read(&wire, &field);) {
        if (field.number == 1 && !take_numbers(pprof, &sample, &field, &locations, take_location))
            return pprof_wrong(pprof, "sample");
        if (field.number == 2 && !take_numbers(pprof, &sample, &field, &values, take_value))
            return pprof_wrong(pprof, "sample");
    }
    return wire.wrong ? pprof_wrong(pprof, "sample") : heap_profile_add_sample(pprof->profile, &sample);
}

static bool visit_fields(struct pprof_reading *pprof, struct wire wire, pprof_visit *visit) {
    for (struct wire_field field; wire_read(&wire, &field);)
        if (!visit(pprof, &field)) return false;
    return !wire.wrong || heap_profile_fail(pprof->profile, "its protocol buffer is cut short or damaged");
}

static bool has_heap(struct pprof_reading *pprof) {
    for (unsigned i = 0; i < pprof->type_count; i++)
        if (pprof->types[i] == LIVE_BYTES || pprof->types[i] == ALL_BYTES) return true;
    return heap_profile_fail(pprof->profile, "it is a protocol buffer, but no profile of a heap: it has neither "
                                             "`inuse_space` nor `alloc_space`");
}

bool heap_profile_parse_pprof(struct heap_profile *profile, const char *bytes, size_t length) {
    struct wire wire = {(const unsigned char *)bytes, (const unsigned char *)bytes + length, false};
    struct pprof_reading pprof = {.profile = profile};
    bool good = visit_fields(&pprof, wire, pprof_add_string) && visit_fields(&pprof, wire, pprof_add_part) &&
                has_heap(&pprof) && visit_fields(&pprof, wire, add_place) && visit_fields(&pprof, wire, add_sample);
    pprof_free(&pprof);
    return good;
}
