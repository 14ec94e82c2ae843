/* Writes a profile as pprof's protocol buffer, uncompressed, which readers accept. Source: pprof, proto/profile.proto.
 *
 * A message is a sequence of fields, each a number and a value; a nested message has its length before it. They are
 * written piece by piece, so that only the table of addresses needs memory: a mapping that is unmapped at the end. A
 * location's ID is its address. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_pprof.h"
#include "build_id.h"
#include "maps.h"
#include "profile.h"
#include "profile_stack.h"
#include "profile_table.h"
#include "syscall.h"
#include <sys/mman.h>
#include <time.h>

enum { MODULES_MAX = 1024, MESSAGE_BYTES = 1024 };

/* The numbers of fields, and of the first strings. */
enum { TYPE = 1, SAMPLE, MAPPING, LOCATION, STRING = 6, TIME = 9, PERIOD_TYPE = 11, PERIOD, DEFAULT_TYPE = 14 };
enum { NOTHING, ALLOC_OBJECTS, COUNT, ALLOC_SPACE, BYTES, INUSE_OBJECTS, INUSE_SPACE, SPACE, STRINGS };
static const char strings[STRINGS][14] = {"",      "alloc_objects", "count",       "alloc_space",
                                          "bytes", "inuse_objects", "inuse_space", "space"};

struct message {
    size_t length;
    uint8_t bytes[MESSAGE_BYTES];
};

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

static void put_byte(struct sink *sink, uint8_t byte) {
    sink->report.chars[sink->report.length++] = (char)byte;
    if (sink->report.length >= sizeof(sink->report.chars) - 1) sink_end(sink);
}

static void put_number(struct sink *sink, uint64_t number) {
    for (; number >= 0x80; number >>= 7) put_byte(sink, (uint8_t)(number | 0x80));
    put_byte(sink, (uint8_t)number);
}

static void add_number(struct message *message, uint64_t number) {
    for (; number >= 0x80; number >>= 7) message->bytes[message->length++] = (uint8_t)(number | 0x80);
    message->bytes[message->length++] = (uint8_t)number;
}

/* Add a field whose value is a number; 0 is the default, and left out. */
static void add_field(struct message *message, unsigned field, uint64_t number) {
    if (number == 0) return;
    add_number(message, field << 3);
    add_number(message, number);
}

static void pprof_bytes(struct sink *sink, unsigned field, const void *bytes, size_t length) {
    put_number(sink, field << 3 | 2);
    put_number(sink, length);
    for (size_t i = 0; i < length; i++) put_byte(sink, ((const uint8_t *)bytes)[i]);
}

static void put_message(struct sink *sink, unsigned field, const struct message *message) {
    pprof_bytes(sink, field, message->bytes, message->length);
}

/* Write a string; returns its number. */
static uint64_t put_string(struct pprof *pprof, const char *text) {
    size_t length = 0;
    if (!*text && pprof->string_count > 0) return NOTHING;
    while (text[length]) length++;
    pprof_bytes(pprof->sink, STRING, text, length);
    return pprof->string_count++;
}

static void put_type(struct sink *sink, unsigned field, uint64_t type, uint64_t unit) {
    struct message message = {0};
    add_field(&message, 1, type);
    add_field(&message, 2, unit);
    put_message(sink, field, &message);
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
    struct message message = {0};
    syscall_6(SYS_clock_gettime, CLOCK_REALTIME, (long)&now, 0, 0, 0, 0);
    add_field(&message, TIME, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    add_field(&message, PERIOD, profile_samples_each());
    add_field(&message, DEFAULT_TYPE, INUSE_SPACE);
    for (size_t i = 0; i < message.length; i++) put_byte(sink, message.bytes[i]);
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
    struct message message = {0};
    pprof->modules[pprof->module_count].from = line->from;
    pprof->modules[pprof->module_count++].to = line->to;
    add_field(&message, 1, pprof->module_count);
    add_field(&message, 2, line->from);
    add_field(&message, 3, line->to);
    add_field(&message, 4, line->offset);
    add_field(&message, 5, put_string(pprof, line->path));
    add_field(&message, 6, put_string(pprof, id));
    put_message(pprof->sink, MAPPING, &message);
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
    struct message message = {0};
    if (!note_address(pprof, address)) return;
    add_field(&message, 1, address);
    for (size_t i = 0; i < pprof->module_count; i++)
        if (address >= pprof->modules[i].from && address < pprof->modules[i].to) add_field(&message, 2, i + 1);
    add_field(&message, 3, address);
    put_message(pprof->sink, LOCATION, &message);
}

static uint64_t whole(uint64_t in_65536ths) {
    return (in_65536ths + 32768) >> 16;
}

/* Write a place's sample. Lists of numbers are packed: the field's number, the length, and the numbers. */
static void put_sample(struct pprof *pprof, const struct profile_place *place) {
    struct message message = {0}, list = {0};
    struct profile_sums live = profile_live(place), taken = profile_taken(place);
    const uint64_t values[] = {whole(taken.objects_16), whole(taken.space_16), whole(live.objects_16),
                               whole(live.space_16)};
    for (size_t i = 0; i < place->depth; i++) {
        put_location(pprof, place->pcs[i] - 1);
        add_number(&list, place->pcs[i] - 1);
    }
    add_number(&message, 1 << 3 | 2);
    add_number(&message, list.length);
    __builtin_memcpy(message.bytes + message.length, list.bytes, list.length);
    message.length += list.length;
    list.length = 0;
    for (int i = 0; i < 4; i++) add_number(&list, values[i]);
    add_number(&message, 2 << 3 | 2);
    add_number(&message, list.length);
    __builtin_memcpy(message.bytes + message.length, list.bytes, list.length);
    message.length += list.length;
    put_message(pprof->sink, SAMPLE, &message);
}
_Static_assert(PROFILE_FRAMES_MAX * 10 + 100 < MESSAGE_BYTES, "a sample has room");

static struct pprof *pprof_begin(struct sink *sink, const struct profile_place *places) {
    size_t depths = 0, room = 1024;
    for (; places; places = places->older) depths += places->depth;
    while (room < 2 * depths) room *= 2;
    size_t bytes = sizeof(struct pprof) + room * sizeof(uintptr_t);
    long made = syscall_6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (syscall_failed(made)) return NULL;
    struct pprof *pprof = (struct pprof *)made;
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
    syscall_6(SYS_munmap, (long)pprof, (long)pprof->bytes, 0, 0, 0, 0);
    return true;
}
