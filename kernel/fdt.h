/* The format of a flattened device tree: one bounded walk over its nodes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "ranges.h"
#include <stdbool.h>
#include <stdint.h>

/* A tree is not trusted: every offset is checked against the header, the header against bytes_max, and a walk ends
 * after at most one visit per word. Faults are sentences; NULL means none.
 * Source: Devicetree Specification v0.4, chapters 2 (properties) and 5 (the flattened format). */

enum { FDT_BYTES_MAX = 2 << 20 }; /* the boot protocol's limit */

enum fdt_name { /* the properties we know, in the order of names[] in fdt.c */
                FDT_ADDRESS_CELLS,
                FDT_SIZE_CELLS,
                FDT_REG,
                FDT_RANGES,
                FDT_COMPATIBLE,
                FDT_DEVICE_TYPE,
                FDT_STATUS,
                FDT_METHOD,
                FDT_INTERRUPTS,
                FDT_BOOTARGS,
                FDT_INITRD_START,
                FDT_INITRD_END,
                FDT_NO_MAP,
                FDT_NAMES
};

struct fdt {
    const uint8_t *blob;
    uint32_t total_bytes;
    uint32_t reservations, structure, strings; /* offsets of the three blocks      */
    uint32_t structure_bytes, strings_bytes;   /* the strings block ends in a NUL  */
};

struct fdt_property {
    const uint8_t *value; /* NULL: the node does not have it */
    uint32_t bytes;
};

struct fdt_node {
    const struct fdt_node *parent; /* NULL: the root */
    const char *name;
    struct fdt_property property[FDT_NAMES];
    uint32_t address_cells, size_cells; /* of the children's reg */
};

/* A visit gets a node with its ancestors; if it does not return NULL the walk ends with its result. */
typedef const char *fdt_visit(const struct fdt_node *node, void *context);

const char *fdt_open(struct fdt *tree, const void *blob, uint64_t bytes_max);
const char *fdt_walk(const struct fdt *tree, fdt_visit *visit, void *context);

/* Entry `index` of the memory reservation block; false: there are no more. */
bool fdt_reservation(const struct fdt *tree, uint32_t index, struct range *range);

/* Number of entries of a node's reg; -1: it is truncated or has cells we cannot read. */
int fdt_reg_count(const struct fdt_node *node);
/* An entry of reg, in its bus's addresses, and in the CPU's addresses; false: absent, unreadable, or not reachable. */
bool fdt_reg_behind_bus(const struct fdt_node *node, uint32_t index, struct range *range);
bool fdt_reg(const struct fdt_node *node, uint32_t index, struct range *range);

bool fdt_is_named(const struct fdt_node *node, const char *name); /* a unit address is ignored */
bool fdt_is_enabled(const struct fdt_node *node);                 /* and all its ancestors     */
bool fdt_has_string(const struct fdt_node *node, enum fdt_name name, const char *text);
const char *fdt_text(const struct fdt_node *node, enum fdt_name name); /* NULL: not a string */
/* A number of one or two cells, or one such cell out of many; false: there is none. */
bool fdt_number(const struct fdt_node *node, enum fdt_name name, uint64_t *number);
bool fdt_cell(const struct fdt_node *node, enum fdt_name name, uint32_t index, uint32_t *cell);
