/* Which call sites hold free memory in slabs. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report_pins.h"
#include "core_notes.h"
#include "process.h"
#include "profile_file.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_READ = 4096, ENTRY_MAX = 256, STACK_MAX = 128 };
static const uint64_t room_max = (uint64_t)1 << 24; /* entries: beyond it the table is not read */

static bool sane(const struct heapalloc_profile_map *map) {
    return memcmp(map->magic, HEAPALLOC_PROFILE_MAGIC, sizeof(HEAPALLOC_PROFILE_MAGIC)) == 0 &&
           map->version == HEAPALLOC_PROFILE_VERSION && map->bytes == sizeof(*map) && map->room > 0 &&
           map->room <= room_max && map->block_bytes <= ENTRY_MAX && map->block_address + 8 <= map->block_bytes &&
           map->block_size + 8 <= map->block_bytes && map->block_place + 8 <= map->block_bytes && map->rate > 0;
}

static int order_pins(const void *left, const void *right) {
    const struct pin *one = left, *other = right;
    return (one->address > other->address) - (one->address < other->address);
}

/* A block of n bytes is sampled with probability 1 - exp(-n / rate). */
static void add_pin(struct pins *pins, const struct heapalloc_profile_map *map, const unsigned char *entry) {
    struct pin pin = {0};
    memcpy(&pin.address, entry + map->block_address, sizeof(pin.address));
    memcpy(&pin.bytes, entry + map->block_size, sizeof(pin.bytes));
    memcpy(&pin.place, entry + map->block_place, sizeof(pin.place));
    if (pin.address == 0 || pin.address & 1 || pin.bytes == 0) return;
    pin.weight = map->rate > 1 ? -1 / expm1(-(double)pin.bytes / (double)map->rate) : 1;
    pins->pins[pins->count++] = pin;
}

static bool read_profile_map(struct target *target, struct heapalloc_profile_map *map) {
    struct reader *reader = &target->reader;
    return target->samples && reader->read(reader->context, target->samples, map, sizeof(*map)) && sane(map);
}

bool pins_range(struct target *target, uint64_t *from, uint64_t *to) {
    struct heapalloc_profile_map map;
    if (!read_profile_map(target, &map)) return false;
    *from = (uintptr_t)map.blocks;
    return !__builtin_add_overflow(*from, map.room * map.block_bytes, to);
}

bool pins_read(struct pins *pins, struct target *target) {
    struct heapalloc_profile_map map;
    static unsigned char entries[ENTRIES_READ * ENTRY_MAX];
    struct reader *reader = &target->reader;
    *pins = (struct pins){0};
    if (!read_profile_map(target, &map)) return false;
    pins->pins = calloc(map.room, sizeof(*pins->pins));
    for (uint64_t at = 0; pins->pins && at < map.room; at += ENTRIES_READ) {
        uint64_t count = map.room - at < ENTRIES_READ ? map.room - at : ENTRIES_READ;
        uint64_t address = (uint64_t)(uintptr_t)map.blocks + at * map.block_bytes;
        if (!reader->read(reader->context, address, entries, count * map.block_bytes)) break;
        for (uint64_t i = 0; i < count; i++) add_pin(pins, &map, entries + i * map.block_bytes);
    }
    if (pins->count > 1) qsort(pins->pins, pins->count, sizeof(*pins->pins), order_pins);
    return pins->count > 0;
}

void pins_free(struct pins *pins) {
    free(pins->pins);
}

/* The first pin at this address or above. */
static size_t first_at(const struct pins *pins, uint64_t address) {
    size_t low = 0, high = pins->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pins->pins[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool pins_keep(struct pins *pins, uint64_t address) {
    size_t at = first_at(pins, address);
    if (at == pins->count || pins->pins[at].address != address) return false;
    pins->pins[0] = pins->pins[at];
    pins->count = 1;
    return true;
}

void pins_note_slab(struct pins *pins, uint64_t from, uint64_t to, double held) {
    for (size_t i = first_at(pins, from); i < pins->count && pins->pins[i].address < to; i++) pins->pins[i].held = held;
}

/* ---- their profile ---- */

/* Numbers of the text are whole, so they are written in 1024ths; a block that was changed meanwhile may have any. */
static double scaled(double number) {
    return number < 1e15 ? 1024 * number : 1e18;
}

/* A line of gperftools' text, with weights in its numbers. */
static void put_pin(FILE *out, const struct pin *pin, const uint64_t *stack, uint64_t depth) {
    fprintf(out, "%.0f: %.0f [%.0f: %.0f] @", scaled(pin->weight), scaled(pin->weight * (double)pin->bytes),
            scaled(pin->weight), scaled(pin->weight * pin->held));
    for (uint64_t i = 0; i < depth; i++) fprintf(out, " 0x%" PRIx64, stack[i] - (i == 0 && stack[i] > 0));
    putc('\n', out);
}

static void put_pins(FILE *out, const struct pins *pins, struct target *target,
                     const struct heapalloc_profile_map *map) {
    struct reader *reader = &target->reader;
    uint64_t stack[STACK_MAX], depth;
    for (size_t i = 0; i < pins->count; i++) {
        const struct pin *pin = &pins->pins[i];
        if (!reader->read(reader->context, pin->place + map->place_depth, &depth, sizeof(depth))) continue;
        if (depth > STACK_MAX) depth = STACK_MAX;
        if (reader->read(reader->context, pin->place + map->place_stack, stack, depth * sizeof(*stack)))
            put_pin(out, pin, stack, depth);
    }
}

/* Written as a profile's text and read again: so the addresses get names as those of any profile. */
bool pins_profile(const struct pins *pins, struct target *target, struct heap_profile *profile, struct names *names) {
    struct heapalloc_profile_map map;
    char *text = NULL;
    size_t length = 0;
    *profile = (struct heap_profile){.names = names};
    if (!read_profile_map(target, &map)) return false;
    FILE *out = open_memstream(&text, &length);
    if (!out) return false;
    fputs("heap profile: 0: 0 [0: 0] @ heapprofile\n", out);
    put_pins(out, pins, target, &map);
    fputs("\nMAPPED_LIBRARIES:\n", out);
    if (target->process)
        process_put_maps(target, out);
    else
        core_put_maps(target, out);
    bool good = fclose(out) == 0 && heap_profile_parse(profile, names, text, length);
    free(text);
    for (size_t i = 0; i < profile->sample_count; i++)
        for (int value = 0; value < PROFILE_VALUES; value++) profile->samples[i].values[value] /= 1024;
    return good && profile_name(profile);
}
