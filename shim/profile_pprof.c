/* Writes a profile as pprof's protocol buffer, uncompressed, which readers accept. Source: pprof, proto/profile.proto.
 *
 * It is written piece by piece, so that only the table of addresses needs memory: a mapping that is unmapped at the
 * end. A location's ID is its address. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_pprof.h"
#include "build_id.h"
#include "maps.h"
#include "own_memory.h"
#include "profile.h"
#include "profile_stack.h"
#include "profile_table.h"
#include "protobuf.h"
#include "syscall.h"
#include <time.h>

enum { MODULES_MAX = 1024 };

/* The numbers of fields, and of the first strings. */
enum { TYPE = 1, SAMPLE, MAPPING, LOCATION, STRING = 6, TIME = 9, PERIOD_TYPE = 11, PERIOD, DEFAULT_TYPE = 14 };
enum { NOTHING, ALLOC_OBJECTS, COUNT, ALLOC_SPACE, BYTES, INUSE_OBJECTS, INUSE_SPACE, SPACE, STRINGS };
static const char strings[STRINGS][14] = {"",      "alloc_objects", "count",       "alloc_space",
                                          "bytes", "inuse_objects", "inuse_space", "space"};

struct pprof {
    struct sink *sink;
    size_t bytes; /* of this mapping */
    uint64_t string_count;
    uintptr_t start, end; /* of the last mapping of a file's first page; start is 0 if it is not readable */
    char start_path[MAPS_PATH_BYTES];
    size_t module_count;
    struct {
        uintptr_t from, to;
    } modules[MODULES_MAX];
    size_t room; /* a power of two, at least twice the number of addresses */
    uintptr_t addresses[];
};

/* Write a string; returns its number. */
static uint64_t put_string(struct pprof *pprof, const char *text) {
    size_t length = 0;
    if (!*text && pprof->string_count > 0) return NOTHING;
    while (text[length]) length++;
    protobuf_put_bytes(pprof->sink, STRING, text, length);
    return pprof->string_count++;
}

static void put_type(struct sink *sink, unsigned field, uint64_t type, uint64_t unit) {
    struct protobuf message = {0};
    protobuf_add_field(&message, 1, type);
    protobuf_add_field(&message, 2, unit);
    protobuf_put(sink, field, &message);
}

static void put_types(struct pprof *pprof) {
    for (int i = 0; i < STRINGS; i++) put_string(pprof, strings[i]);
    put_type(pprof->sink, TYPE, ALLOC_OBJECTS, COUNT);
    put_type(pprof->sink, TYPE, ALLOC_SPACE, BYTES);
    put_type(pprof->sink, TYPE, INUSE_OBJECTS, COUNT);
    put_type(pprof->sink, TYPE, INUSE_SPACE, BYTES);
    put_type(pprof->sink, PERIOD_TYPE, SPACE, BYTES);
}

static void put_sums(struct sink *sink) {
    struct timespec now = {0};
    struct protobuf message = {0};
    syscall_6(SYS_clock_gettime, CLOCK_REALTIME, (long)&now, 0, 0, 0, 0);
    protobuf_add_field(&message, TIME, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    protobuf_add_field(&message, PERIOD, profile_samples_each());
    protobuf_add_field(&message, DEFAULT_TYPE, INUSE_SPACE);
    for (size_t i = 0; i < message.length; i++) protobuf_put_byte(sink, message.bytes[i]);
}

static bool is_same_path(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

/* Write the mapping of a line of /proc/self/maps, if it maps a file's code. */
static bool put_mapping(const struct maps_line *line, void *to) {
    struct pprof *pprof = to;
    if (line->offset == 0 && line->path[0]) {
        pprof->start = line->readable ? line->from : 0;
        pprof->end = line->to;
        __builtin_memcpy(pprof->start_path, line->path, sizeof(line->path));
    }
    if (!line->executable || !line->path[0] || pprof->module_count == MODULES_MAX) return false;
    char id[BUILD_ID_CHARS] = "";
    if (pprof->start && is_same_path(pprof->start_path, line->path)) build_id_read(pprof->start, pprof->end, id);
    struct protobuf message = {0};
    pprof->modules[pprof->module_count].from = line->from;
    pprof->modules[pprof->module_count++].to = line->to;
    protobuf_add_field(&message, 1, pprof->module_count);
    protobuf_add_field(&message, 2, line->from);
    protobuf_add_field(&message, 3, line->to);
    protobuf_add_field(&message, 4, line->offset);
    protobuf_add_field(&message, 5, put_string(pprof, line->path));
    protobuf_add_field(&message, 6, put_string(pprof, id));
    protobuf_put(pprof->sink, MAPPING, &message);
    return false;
}

/* Enter an address into the table; true: it is new. */
static bool note_address(struct pprof *pprof, uintptr_t address) {
    size_t at = address * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (pprof->room - 1);
    for (; pprof->addresses[at]; at = (at + 1) & (pprof->room - 1))
        if (pprof->addresses[at] == address) return false;
    pprof->addresses[at] = address;
    return true;
}

static void put_location(struct pprof *pprof, uintptr_t address) {
    struct protobuf message = {0};
    if (!note_address(pprof, address)) return;
    protobuf_add_field(&message, 1, address);
    for (size_t i = 0; i < pprof->module_count; i++)
        if (address >= pprof->modules[i].from && address < pprof->modules[i].to) protobuf_add_field(&message, 2, i + 1);
    protobuf_add_field(&message, 3, address);
    protobuf_put(pprof->sink, LOCATION, &message);
}

static uint64_t whole(uint64_t in_65536ths) {
    return (in_65536ths + 32768) >> 16;
}

/* Write a place's sample. */
static void put_sample(struct pprof *pprof, const struct profile_place *place) {
    struct protobuf message = {0}, list = {0};
    struct profile_sums live = profile_live(place), taken = profile_taken(place);
    const uint64_t values[] = {whole(taken.objects_16), whole(taken.space_16), whole(live.objects_16),
                               whole(live.space_16)};
    for (size_t i = 0; i < place->depth; i++) {
        put_location(pprof, place->pcs[i] - 1);
        protobuf_add_number(&list, place->pcs[i] - 1);
    }
    protobuf_add_list(&message, 1, &list);
    list.length = 0;
    for (int i = 0; i < 4; i++) protobuf_add_number(&list, values[i]);
    protobuf_add_list(&message, 2, &list);
    protobuf_put(pprof->sink, SAMPLE, &message);
}
_Static_assert(PROFILE_FRAMES_MAX * 10 + 100 < PROTOBUF_BYTES, "a sample has room");

static struct pprof *pprof_begin(struct sink *sink, const struct profile_place *places) {
    size_t depths = 0, room = 1024;
    for (; places; places = places->older) depths += places->depth;
    while (room < 2 * depths) room *= 2;
    size_t bytes = sizeof(struct pprof) + room * sizeof(uintptr_t);
    struct pprof *pprof = own_memory_map(bytes);
    if (!pprof) return NULL;
    pprof->sink = sink;
    pprof->bytes = bytes;
    pprof->room = room;
    return pprof;
}

COLD bool profile_pprof(struct sink *sink) {
    const struct profile_place *places = profile_places(); /* read once: the table's size does not count later ones */
    struct pprof *pprof = pprof_begin(sink, places);
    if (!pprof) return false;
    put_types(pprof);
    put_sums(sink);
    maps_find(put_mapping, pprof);
    for (const struct profile_place *place = places; place; place = place->older) put_sample(pprof, place);
    own_memory_unmap(pprof, pprof->bytes);
    return true;
}
