/* The values of properties in a device tree node: texts, numbers, addresses across buses. */
/* SPDX-License-Identifier: MIT */
#include "big.h"
#include "fdt.h"
#include <stddef.h>
#include <string.h>

const char *fdt_text(const struct fdt_node *node, enum fdt_name name) {
    const struct fdt_property *property = &node->property[name];

    if (property->value == NULL || property->bytes == 0 || property->value[property->bytes - 1] != '\0') return NULL;
    return (const char *)property->value;
}

bool fdt_has_string(const struct fdt_node *node, enum fdt_name name, const char *text) {
    const char *list = fdt_text(node, name);
    uint32_t bytes = node->property[name].bytes;

    for (uint32_t at = 0; list != NULL && at < bytes; at += (uint32_t)strlen(list + at) + 1)
        if (strcmp(list + at, text) == 0) return true;
    return false;
}

bool fdt_is_named(const struct fdt_node *node, const char *name) {
    size_t length = strlen(name);

    return strncmp(node->name, name, length) == 0 && (node->name[length] == '\0' || node->name[length] == '@');
}

bool fdt_is_enabled(const struct fdt_node *node) {
    for (; node != NULL; node = node->parent)
        if (node->property[FDT_STATUS].value != NULL && !fdt_has_string(node, FDT_STATUS, "okay") &&
            !fdt_has_string(node, FDT_STATUS, "ok"))
            return false;
    return true;
}

bool fdt_cell(const struct fdt_node *node, enum fdt_name name, uint32_t index, uint32_t *cell) {
    const struct fdt_property *property = &node->property[name];

    if (property->value == NULL || index >= property->bytes / 4) return false;
    *cell = big32(property->value + (size_t)index * 4);
    return true;
}

bool fdt_number(const struct fdt_node *node, enum fdt_name name, uint64_t *number) {
    const struct fdt_property *property = &node->property[name];

    if (property->value == NULL || (property->bytes != 4 && property->bytes != 8)) return false;
    *number = property->bytes == 8 ? big64(property->value) : big32(property->value);
    return true;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static uint64_t cells_value(const uint8_t *value, uint32_t cells) {
    return cells == 0 ? 0 : cells == 1 ? big32(value) : big64(value);
}

int fdt_reg_count(const struct fdt_node *node) {
    const struct fdt_node *bus = node->parent;
    uint32_t bytes = node->property[FDT_REG].bytes;

    if (bus == NULL || node->property[FDT_REG].value == NULL) return 0;
    if (bus->address_cells < 1 || bus->address_cells > 2 || bus->size_cells > 2) return -1;
    uint32_t entry_bytes = (bus->address_cells + bus->size_cells) * 4;
    return bytes % entry_bytes == 0 ? (int)(bytes / entry_bytes) : -1;
}

/* Translate an address behind `bus` to one in front of it: bus->ranges holds (behind, front, size). */
static bool cross_bus(const struct fdt_node *bus, struct range *range) {
    const struct fdt_property *windows = &bus->property[FDT_RANGES];
    uint32_t behind = bus->address_cells, front = bus->parent->address_cells;
    uint32_t entry_cells = behind + front + bus->size_cells;

    if (windows->value == NULL || behind > 2 || front > 2 || bus->size_cells > 2) return false;
    if (windows->bytes == 0) return true; /* the same addresses on both sides */
    for (uint32_t at = 0; entry_cells > 0 && entry_cells * 4 <= windows->bytes - at; at += entry_cells * 4) {
        const uint8_t *entry = windows->value + at;
        uint64_t from = cells_value(entry, behind);
        uint64_t to = cells_value(entry + behind * 4, front);
        uint64_t bytes = cells_value(entry + (behind + front) * 4, bus->size_cells);

        if (range->start < from || range->start - from > bytes || range->end - from > bytes) continue;
        if (to > UINT64_MAX - bytes) return false;
        *range = (struct range){to + (range->start - from), to + (range->end - from)};
        return true;
    }
    return false;
}

bool fdt_reg_behind_bus(const struct fdt_node *node, uint32_t index, struct range *range) {
    const struct fdt_node *bus = node->parent;
    int count = fdt_reg_count(node);

    if (count < 0 || index >= (uint32_t)count) return false;
    uint32_t entry_bytes = (bus->address_cells + bus->size_cells) * 4;
    const uint8_t *entry = node->property[FDT_REG].value + (size_t)index * entry_bytes;
    uint64_t bytes = cells_value(entry + bus->address_cells * 4, bus->size_cells);

    range->start = cells_value(entry, bus->address_cells);
    if (bytes > UINT64_MAX - range->start) return false;
    range->end = range->start + bytes;
    return true;
}

bool fdt_reg(const struct fdt_node *node, uint32_t index, struct range *range) {
    if (!fdt_reg_behind_bus(node, index, range)) return false;
    for (const struct fdt_node *bus = node->parent; bus->parent != NULL; bus = bus->parent)
        if (!cross_bus(bus, range)) return false;
    return true;
}
