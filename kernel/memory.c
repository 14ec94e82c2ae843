/* The physical memory: all RAM, what is taken, what is free; seals on what is taken. */
/* SPDX-License-Identifier: MIT */
#include "memory.h"
#include "console.h"
#include "layout.h"
#include "mmu.h"
#include <stddef.h>

extern uint8_t _start[], __constant_end[], __end[];

static struct range image_range(void) {
    return (struct range){(uintptr_t)_start, (uintptr_t)__end};
}

bool memory_is_image(struct range range) {
    struct range image = image_range();
    return range.start < image.end && image.start < range.end;
}

/* ---- what is free ---------------------------------------------------------------------------- */

static bool take_all(struct memory *memory, const struct range_list *list) {
    for (uint32_t i = 0; i < list->count; i++)
        if (!ranges_add(&memory->taken, range_cover(list->at[i], PAGE_BYTES))) return false;
    return true;
}

/* Split at `from`, a multiple of a unit below which the table then ends. */
static bool leave_out(struct memory *memory, uint64_t from) {
    from -= from % PAGE_UNIT_BYTES;
    struct range below = {0, from}, above = {from, UINT64_MAX};

    memory->tabled = memory->ram;
    memory->beyond = memory->free;
    if (from == 0) return ranges_subtract(&memory->beyond, above);
    return ranges_subtract(&memory->beyond, below) && ranges_subtract(&memory->free, above) &&
           ranges_subtract(&memory->tabled, above);
}

static void say_unused(struct range range, const char *why) {
    kprintf("heapalloc-kernel: %lu KiB from 0x%lx on stay unused: %s\n", (range.end - range.start) >> 10, range.start,
            why);
}

/* Firmware's memory may answer a read by an error: blocks that are wholly no-map are left out of the map. */
static bool map_ram(const struct machine *machine, struct range range) {
    struct range_list parts = {.at = {range}, .count = 1}, left_out = {.count = 0};

    for (uint32_t i = 0; i < machine->no_map.count; i++) ranges_add(&left_out, machine->no_map.at[i]);
    ranges_trim(&left_out, 1 << BLOCK_SHIFT);
    for (uint32_t i = 0; i < left_out.count; i++) ranges_subtract(&parts, left_out.at[i]);
    for (uint32_t i = 0; i < parts.count; i++)
        if (!mmu_map(parts.at[i], MMU_RAM)) return false;
    return true;
}

/* Map a range and enter it into `ram`; what cannot be mapped is no RAM of ours. */
static bool add_ram(struct memory *memory, const struct machine *machine, struct range range) {
    const uint64_t limit = (uint64_t)1 << ADDRESS_SHIFT;

    if (range.end > limit) {
        struct range above = {range.start > limit ? range.start : limit, range.end};
        say_unused(above, "beyond what this kernel can map");
        range.end = above.start;
    }
    if (range.start >= range.end) return true;
    if (map_ram(machine, range)) return ranges_add(&memory->ram, range);
    say_unused(range, "this kernel has too few translation tables");
    return true;
}

/* Blocks that are mapped as devices cannot be used as RAM. */
static bool take_devices(struct memory *memory, const struct machine *machine) {
    memory->devices = machine_devices(machine, 1 << BLOCK_SHIFT);
    for (uint32_t i = 0; i < memory->devices.count; i++) {
        if (!ranges_overlap(&memory->ram, memory->devices.at[i])) continue;
        say_unused(memory->devices.at[i], "devices lie in it");
        if (!ranges_add(&memory->taken, memory->devices.at[i])) return false;
    }
    return true;
}

/* free = ram - taken, as sets; the image is taken up to __end. */
static bool sort_out(struct memory *memory, const struct machine *machine, const struct options *options) {
    struct range null_page = {0, PAGE_BYTES}; /* address 0 is never used: it is NULL */

    for (uint32_t i = 0; i < machine->ram.count; i++)
        if (!add_ram(memory, machine, machine->ram.at[i])) return false;
    if (!take_all(memory, &machine->reserved) || !take_all(memory, &options->holes) || !take_devices(memory, machine) ||
        !ranges_add(&memory->taken, range_cover(image_range(), PAGE_BYTES)) || !ranges_add(&memory->taken, null_page))
        return false;
    memory->free = memory->ram;
    for (uint32_t i = 0; i < memory->taken.count; i++)
        if (!ranges_subtract(&memory->free, memory->taken.at[i])) return false;
    ranges_trim(&memory->free, PAGE_BYTES);
    return leave_out(memory, options->beyond);
}

const char *memory_init(struct memory *memory, const struct machine *machine, const struct options *options) {
    return sort_out(memory, machine, options) ? NULL : "cuts the memory into more pieces than this kernel keeps";
}

static void print_ranges(const char *name, const struct range_list *list) {
    for (uint32_t i = 0; i < list->count; i++)
        kprintf("  %-5s %012lx .. %012lx  %8lu KiB\n", name, list->at[i].start, list->at[i].end,
                (list->at[i].end - list->at[i].start) >> 10);
}

void memory_print(const struct memory *memory, const struct machine *machine) {
    struct range_list image = {.at = {image_range()}, .count = 1};
    struct range_list tree = {.at = {machine->tree}, .count = 1};
    struct range_list initrd = {.at = {machine->initrd}, .count = machine->initrd.end > 0};

    print_ranges("ram", &memory->ram);
    print_ranges("image", &image);
    print_ranges("tree", &tree);
    print_ranges("initrd", &initrd);
    print_ranges("free", &memory->free);
    print_ranges("beyond", &memory->beyond);
}

/* ---- seals ----------------------------------------------------------------------------------- */

enum { SEALS_MAX = 2 * RANGES_MAX };

static struct seal {
    struct range range;
    uint64_t sum;
    const char *name;
} seals[SEALS_MAX];
static uint32_t seal_count;

/* FNV-1a over the bytes, eight at a time while they last. Source: Fowler, Noll and Vo. */
static uint64_t sum_of(struct range range) {
    uint64_t sum = 0xcbf29ce484222325;
    uint64_t at = range.start;

    for (; at % 8 != 0 && at < range.end; at++) sum = (sum ^ *(const volatile uint8_t *)at) * 0x100000001b3;
    for (; range.end - at >= 8; at += 8) sum = (sum ^ *(const volatile uint64_t *)at) * 0x100000001b3;
    for (; at < range.end; at++) sum = (sum ^ *(const volatile uint8_t *)at) * 0x100000001b3;
    return sum;
}

static void seal(const char *name, struct range range) {
    if (seal_count < SEALS_MAX) seals[seal_count++] = (struct seal){range, sum_of(range), name};
}

static const char *name_of(const struct machine *machine, struct range range) {
    if (range.start == machine->tree.start && range.end == machine->tree.end) return "the device tree";
    if (range.start == machine->initrd.start && range.end == machine->initrd.end) return "the initrd";
    return "a reserved range";
}

/* The part of a reservation that is RAM and stays as it is: it may lie outside of RAM, may not be read, or contain the
 * image's data or a device. */
static struct range_list constant_part(const struct memory *memory, const struct machine *machine, struct range range) {
    struct range data = {(uintptr_t)__constant_end, (uintptr_t)__end};
    struct range_list outside = {.at = {range}, .count = 1}, inside = outside;

    for (uint32_t i = 0; i < memory->ram.count; i++) ranges_subtract(&outside, memory->ram.at[i]);
    for (uint32_t i = 0; i < outside.count; i++) ranges_subtract(&inside, outside.at[i]);
    for (uint32_t i = 0; i < memory->devices.count; i++) ranges_subtract(&inside, memory->devices.at[i]);
    for (uint32_t i = 0; i < machine->no_map.count; i++) ranges_subtract(&inside, machine->no_map.at[i]);
    ranges_subtract(&inside, data);
    return inside;
}

void memory_seal(const struct memory *memory, const struct machine *machine) {
    struct range constant = {(uintptr_t)_start, (uintptr_t)__constant_end};

    seal_count = 0;
    seal("the image", constant);
    for (uint32_t i = 0; i < machine->reserved.count; i++) {
        struct range_list parts = constant_part(memory, machine, machine->reserved.at[i]);
        for (uint32_t j = 0; j < parts.count; j++) seal(name_of(machine, machine->reserved.at[i]), parts.at[j]);
    }
}

const char *memory_broken_seal(void) {
    for (uint32_t i = 0; i < seal_count; i++)
        if (sum_of(seals[i].range) != seals[i].sum) return seals[i].name;
    return NULL;
}

const char *memory_seal_at(uint64_t address) {
    for (uint32_t i = 0; i < seal_count; i++)
        if (address + 8 > seals[i].range.start && address < seals[i].range.end) return seals[i].name;
    return NULL;
}
