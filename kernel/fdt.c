/* The format of a flattened device tree: one bounded walk over its nodes. */
/* SPDX-License-Identifier: MIT */
#include "fdt.h"
#include "big.h"
#include <string.h>

enum { MAGIC = 0xd00dfeed, VERSION = 17, HEADER_BYTES = 40, RESERVATION_BYTES = 16 };
enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };
enum { DEPTH_MAX = 16, CELLS_MAX = 4 };

static const char *const names[FDT_NAMES] = {
    [FDT_ADDRESS_CELLS] = "#address-cells",
    [FDT_SIZE_CELLS] = "#size-cells",
    [FDT_REG] = "reg",
    [FDT_RANGES] = "ranges",
    [FDT_COMPATIBLE] = "compatible",
    [FDT_DEVICE_TYPE] = "device_type",
    [FDT_STATUS] = "status",
    [FDT_METHOD] = "method",
    [FDT_INTERRUPTS] = "interrupts",
    [FDT_BOOTARGS] = "bootargs",
    [FDT_INITRD_START] = "linux,initrd-start",
    [FDT_INITRD_END] = "linux,initrd-end",
    [FDT_NO_MAP] = "no-map",
};

/* ---- header ---------------------------------------------------------------------------------- */

static bool fits(const struct fdt *tree, uint32_t offset, uint32_t bytes) {
    return offset >= HEADER_BYTES && offset <= tree->total_bytes && bytes <= tree->total_bytes - offset;
}

bool fdt_reservation(const struct fdt *tree, uint32_t index, struct range *range) {
    const uint8_t *entry = tree->blob + tree->reservations + (uint64_t)index * RESERVATION_BYTES;
    uint64_t start = big64(entry);
    uint64_t bytes = big64(entry + 8);

    if (start == 0 && bytes == 0) return false;
    range->start = start;
    range->end = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes;
    return true;
}

/* The list must end inside the tree; then fdt_reservation needs no check of its own. */
static bool reservations_end(const struct fdt *tree) {
    struct range ignored;

    for (uint32_t i = 0;; i++) {
        uint64_t offset = tree->reservations + (uint64_t)i * RESERVATION_BYTES;
        if (offset + RESERVATION_BYTES > tree->total_bytes) return false;
        if (!fdt_reservation(tree, i, &ignored)) return true;
    }
}

const char *fdt_open(struct fdt *tree, const void *blob, uint64_t bytes_max) {
    const uint8_t *header = blob;

    if ((uintptr_t)blob % 8 != 0) return "does not start at a multiple of 8";
    if (bytes_max < HEADER_BYTES || big32(header) != MAGIC) return "does not start with the magic number d00dfeed";
    *tree = (struct fdt){
        .blob = blob,
        .total_bytes = big32(header + 4),
        .structure = big32(header + 8),
        .strings = big32(header + 12),
        .reservations = big32(header + 16),
        .strings_bytes = big32(header + 32),
        .structure_bytes = big32(header + 36),
    };
    if (tree->total_bytes < HEADER_BYTES || tree->total_bytes > bytes_max) return "has an impossible size";
    if (big32(header + 20) < VERSION || big32(header + 24) > VERSION) return "has a version other than 17";
    if (!fits(tree, tree->structure, tree->structure_bytes) || tree->structure % 4 != 0)
        return "has its structure block outside itself";
    if (!fits(tree, tree->strings, tree->strings_bytes)) return "has its strings block outside itself";
    if (tree->strings_bytes == 0 || tree->blob[tree->strings + tree->strings_bytes - 1] != '\0')
        return "has a strings block that does not end in a NUL";
    if (!fits(tree, tree->reservations, RESERVATION_BYTES) || !reservations_end(tree))
        return "has a memory reservation block without an end";
    return NULL;
}

/* ---- walk ------------------------------------------------------------------------------------ */

struct walk {
    const struct fdt *tree;
    uint32_t cursor, end; /* in the structure block                */
    uint32_t depth;       /* nodes open: open[0 .. depth)          */
    bool pending;         /* the innermost one was not visited yet */
    struct fdt_node open[DEPTH_MAX];
};

static bool take_bytes(struct walk *walk, uint32_t bytes, const uint8_t **taken) {
    uint32_t left = walk->end - walk->cursor;

    if (bytes > left) return false;
    *taken = walk->tree->blob + walk->cursor;
    bytes = (bytes + 3) & ~3u; /* the next token is aligned; at the end there is none */
    walk->cursor += bytes < left ? bytes : left;
    return true;
}

static bool take_word(struct walk *walk, uint32_t *word) {
    const uint8_t *bytes;

    if (!take_bytes(walk, 4, &bytes)) return false;
    *word = big32(bytes);
    return true;
}

static bool read_cells(const struct fdt_node *node, enum fdt_name name, uint32_t *cells) {
    const struct fdt_property *property = &node->property[name];

    if (property->value == NULL) return true; /* the default stays */
    if (property->bytes != 4) return false;
    *cells = big32(property->value);
    return *cells <= CELLS_MAX;
}

/* All properties of a node come before its children: it is complete at its first child. */
static const char *visit_pending(struct walk *walk, fdt_visit *visit, void *context) {
    struct fdt_node *node = &walk->open[walk->depth - 1];

    if (!walk->pending) return NULL;
    walk->pending = false;
    if (!read_cells(node, FDT_ADDRESS_CELLS, &node->address_cells) ||
        !read_cells(node, FDT_SIZE_CELLS, &node->size_cells))
        return "counts the cells of an address wrongly";
    return visit(node, context);
}

static const char *open_node(struct walk *walk) {
    const uint8_t *name = walk->tree->blob + walk->cursor;
    const uint8_t *nul = memchr(name, '\0', walk->end - walk->cursor);

    if (nul == NULL || !take_bytes(walk, (uint32_t)(nul - name) + 1, &name))
        return "has a node whose name does not end";
    if (walk->depth == DEPTH_MAX) return "is nested more than 16 deep";
    walk->open[walk->depth] = (struct fdt_node){
        .parent = walk->depth > 0 ? &walk->open[walk->depth - 1] : NULL,
        .name = (const char *)name,
        .address_cells = 2,
        .size_cells = 1,
    };
    walk->depth++;
    walk->pending = true;
    return NULL;
}

static const char *take_property(struct walk *walk) {
    uint32_t bytes, name;
    const uint8_t *value;

    if (!take_word(walk, &bytes) || !take_word(walk, &name) || !take_bytes(walk, bytes, &value))
        return "has a property that runs out of it";
    if (name >= walk->tree->strings_bytes) return "has a property whose name is outside it";
    if (!walk->pending) return "has a property behind a child node";
    for (int i = 0; i < FDT_NAMES; i++)
        if (strcmp((const char *)walk->tree->blob + walk->tree->strings + name, names[i]) == 0)
            walk->open[walk->depth - 1].property[i] = (struct fdt_property){value, bytes};
    return NULL;
}

static const char *take_token(struct walk *walk, uint32_t token, fdt_visit *visit, void *context) {
    const char *fault;

    if (token == NOP) return NULL;
    if (token != BEGIN_NODE && token != END_NODE && token != PROPERTY) return "has a token that means nothing";
    if (walk->depth == 0) return token == BEGIN_NODE ? open_node(walk) : "has a token outside its root";
    if (token == PROPERTY) return take_property(walk);

    fault = visit_pending(walk, visit, context);
    if (fault != NULL) return fault;
    if (token == BEGIN_NODE) return open_node(walk);
    walk->depth--;
    return NULL;
}

const char *fdt_walk(const struct fdt *tree, fdt_visit *visit, void *context) {
    struct walk walk = {
        .tree = tree,
        .cursor = tree->structure,
        .end = tree->structure + tree->structure_bytes,
    };
    bool saw_root = false;

    for (;;) {
        uint32_t token;
        const char *fault;

        if (!take_word(&walk, &token)) return "ends inside its structure block";
        if (token == END) return walk.depth == 0 && saw_root ? NULL : "ends inside a node";
        if (token == BEGIN_NODE && walk.depth == 0 && saw_root) return "has two roots";
        saw_root |= token == BEGIN_NODE;
        fault = take_token(&walk, token, visit, context);
        if (fault != NULL) return fault;
    }
}
