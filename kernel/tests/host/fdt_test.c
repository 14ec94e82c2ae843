/* fdt.c: what a walk visits, how addresses cross buses, and every way in which a tree can be broken. */
/* SPDX-License-Identifier: MIT */
#include "cmocka_all.h"
#include "fdt.h"
#include "tree_builder.h"
#include <stdlib.h>
#include <string.h>

static struct tree_builder tree;

static const char *nothing(const struct fdt_node *node, void *context) {
    (void)node, (void)context;
    return NULL;
}

static const char *fault_of(const uint8_t *blob, uint32_t bytes) {
    struct fdt fdt;
    const char *fault = fdt_open(&fdt, blob, bytes);

    return fault != NULL ? fault : fdt_walk(&fdt, nothing, NULL);
}

/* Finish the tree, read it, and expect a fault that says `fragment`; NULL expects none. */
static void assert_fault(const char *fragment) {
    uint32_t bytes;
    uint8_t *blob = tree_finish(&tree, &bytes);
    const char *fault = fault_of(blob, bytes);

    if (fragment == NULL && fault != NULL) fail_msg("refused: %s", fault);
    if (fragment != NULL && (fault == NULL || strstr(fault, fragment) == NULL))
        fail_msg("wanted `%s`, got `%s`", fragment, fault != NULL ? fault : "no fault");
    free(blob);
}

static void start_with_node(void) {
    tree_start(&tree);
    tree_cells(&tree, "#address-cells", 1, 2);
    tree_cells(&tree, "#size-cells", 1, 2);
    tree_open(&tree, "device@1000");
    tree_text(&tree, "compatible", "arm,thing");
    tree_close(&tree);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static const char *collect(const struct fdt_node *node, void *context) {
    char *path = context;

    if (node->parent != NULL) strcat(strcat(strcat(path, node->parent->name), "/"), node->name);
    strcat(path, fdt_has_string(node, FDT_COMPATIBLE, "arm,thing") ? "! " : " ");
    return NULL;
}

static void every_node_is_visited_once_before_its_children(void **state) {
    (void)state;
    struct fdt fdt;
    uint32_t bytes;
    char path[200] = "";

    start_with_node();
    tree_open(&tree, "bus");
    tree_word(&tree, TOKEN_NOP);
    tree_open(&tree, "leaf");
    tree_text(&tree, "compatible", "arm,thing");
    tree_close(&tree);
    tree_close(&tree);
    uint8_t *blob = tree_finish(&tree, &bytes);
    assert_null(fdt_open(&fdt, blob, bytes));
    assert_null(fdt_walk(&fdt, collect, path));
    assert_string_equal(path, " /device@1000! /bus bus/leaf! ");
    free(blob);
}

static const char *stop_at_bus(const struct fdt_node *node, void *context) {
    ++*(int *)context;
    return strcmp(node->name, "device@1000") == 0 ? "was stopped" : NULL;
}

static void visit_ends_the_walk(void **state) {
    (void)state;
    struct fdt fdt;
    uint32_t bytes;
    int visits = 0;

    start_with_node();
    tree_open(&tree, "later");
    tree_close(&tree);
    uint8_t *blob = tree_finish(&tree, &bytes);
    assert_null(fdt_open(&fdt, blob, bytes));
    assert_string_equal(fdt_walk(&fdt, stop_at_bus, &visits), "was stopped");
    assert_int_equal(visits, 2);
    free(blob);
}

/* ---- addresses ------------------------------------------------------------------------------- */

struct found {
    bool seen, readable;
    struct range range;
    int count;
};

static const char *find_reg(const struct fdt_node *node, void *context) {
    struct found *found = context;

    if (fdt_is_named(node, "target")) {
        found->seen = true;
        found->count = fdt_reg_count(node);
        found->readable = fdt_reg(node, 0, &found->range);
        assert_false(fdt_reg(node, found->count < 0 ? 0 : (uint32_t)found->count, &found->range) && found->count >= 0);
        found->readable = fdt_reg(node, 0, &found->range);
    }
    return NULL;
}

static struct found found_reg(void) {
    struct fdt fdt;
    struct found found = {.seen = false};
    uint32_t bytes;
    uint8_t *blob = tree_finish(&tree, &bytes);

    assert_null(fdt_open(&fdt, blob, bytes));
    assert_null(fdt_walk(&fdt, find_reg, &found));
    assert_true(found.seen);
    free(blob);
    return found;
}

static void target(uint32_t cells, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    tree_open(&tree, "target@0");
    tree_cells(&tree, "reg", cells, a, b, c, d);
    tree_close(&tree);
}

static void reg_is_read_by_the_parents_cells(void **state) {
    (void)state;
    start_with_node();
    target(4, 1, 0x40000000, 2, 0x30000000);
    struct found found = found_reg();
    assert_true(found.readable && found.count == 1);
    assert_true(found.range.start == 0x140000000 && found.range.end == 0x370000000);

    tree_start(&tree); /* without counts: 2 and 1 */
    target(3, 1, 0x1000, 0x100, 0);
    found = found_reg();
    assert_true(found.readable && found.range.start == 0x100001000);
    assert_true(found.range.end == 0x100001100);
}

static void cut_or_wrapping_reg_is_unreadable(void **state) {
    (void)state;
    start_with_node();
    target(3, 1, 2, 3, 0);
    assert_int_equal(found_reg().count, -1);
    start_with_node();
    target(4, 0xffffffff, 0xfffff000, 0, 0x1001);
    assert_false(found_reg().readable);
    tree_start(&tree);
    tree_cells(&tree, "#address-cells", 1, 3);
    target(4, 1, 2, 3, 4);
    assert_int_equal(found_reg().count, -1);
}

static void open_bus(uint32_t address_cells, uint32_t size_cells) {
    start_with_node();
    tree_open(&tree, "bus");
    tree_cells(&tree, "#address-cells", 1, address_cells);
    tree_cells(&tree, "#size-cells", 1, size_cells);
}

static void address_crosses_a_bus_by_its_ranges(void **state) {
    (void)state;
    open_bus(1, 1); /* behind 7e000000 .. 7f000000 is fe000000 .. ff000000 in front */
    tree_cells(&tree, "ranges", 8, 0, 0, 0x100, 0x10, 0x7e000000, 0, 0xfe000000, 0x1000000);
    target(2, 0x7e201000, 0x200, 0, 0);
    tree_close(&tree);
    struct found found = found_reg();
    assert_true(found.readable);
    assert_true(found.range.start == 0xfe201000 && found.range.end == 0xfe201200);

    open_bus(1, 1); /* it extends beyond the window */
    tree_cells(&tree, "ranges", 4, 0x7e000000, 0, 0xfe000000, 0x1000);
    target(2, 0x7e000f00, 0x200, 0, 0);
    tree_close(&tree);
    assert_false(found_reg().readable);
}

static void empty_ranges_are_the_same_addresses_and_none_no_way_through(void **state) {
    (void)state;
    open_bus(2, 1);
    tree_bytes(&tree, "ranges", "", 0);
    target(3, 0, 0x9000000, 0x1000, 0);
    tree_close(&tree);
    struct found found = found_reg();
    assert_true(found.readable && found.range.start == 0x9000000);

    open_bus(2, 1);
    target(3, 0, 0x9000000, 0x1000, 0);
    tree_close(&tree);
    assert_false(found_reg().readable);
}

/* ---- broken trees ---------------------------------------------------------------------------- */

static void every_broken_header_is_named(void **state) {
    (void)state;
    static const struct {
        int word;
        uint32_t value;
        const char *fragment;
    } broken[] = {
        {0, 0xd00dfeee, "magic"},
        {1, 39, "size"},
        {1, 0x7fffffff, "size"},
        {2, 41, "structure block"},
        {2, 0xfffffffc, "structure block"},
        {9, 0xfffffff0, "structure block"},
        {3, 0xfffffff0, "strings block"},
        {3, 4, "strings block"},
        {8, 0xffffffff, "strings block"},
        {8, 0, "end in a NUL"},
        {8, 3, "end in a NUL"},
        {4, 0xfffffff8, "reservation"},
        {4, 8, "reservation"},
        {5, 16, "version"},
        {6, 18, "version"},
    };

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        uint32_t bytes;
        start_with_node();
        uint8_t *blob = tree_finish(&tree, &bytes);
        assert_null(fault_of(blob, bytes));
        tree_set_header(blob, broken[i].word, broken[i].value);
        const char *fault = fault_of(blob, bytes);
        if (fault == NULL || strstr(fault, broken[i].fragment) == NULL)
            fail_msg("case %zu: wanted `%s`, got `%s`", i, broken[i].fragment, fault != NULL ? fault : "no fault");
        free(blob);
    }
}

static void misplaced_tree_is_refused(void **state) {
    (void)state;
    uint32_t bytes;

    start_with_node();
    uint8_t *blob = tree_finish(&tree, &bytes);
    uint8_t *moved = malloc(bytes + 4);
    memcpy(moved + 4, blob, bytes);
    assert_non_null(strstr(fault_of(moved + 4, bytes), "multiple of 8"));
    free(moved);
    free(blob);
}

static void tree_cut_anywhere_is_refused(void **state) {
    (void)state;
    uint32_t bytes;

    start_with_node();
    tree_reserve(&tree, 0x1000, 0x1000);
    uint8_t *blob = tree_finish(&tree, &bytes);
    for (uint32_t cut = 0; cut < bytes; cut++) {
        uint8_t *part = malloc(cut > 0 ? cut : 1);
        memcpy(part, blob, cut);
        assert_non_null(fault_of(part, cut)); /* the header knows the true size */
        if (cut >= 40) {
            tree_set_header(part, 1, cut); /* and now it lies */
            assert_non_null(fault_of(part, cut));
        }
        free(part);
    }
    free(blob);
}

static void every_broken_structure_is_named(void **state) {
    (void)state;
    start_with_node();
    tree_word(&tree, 7);
    assert_fault("token that means nothing");

    start_with_node();
    tree_close(&tree);
    assert_fault("outside its root"); /* tree_finish closes once more */

    start_with_node();
    tree_close(&tree);
    tree_open(&tree, "second");
    assert_fault("two roots");

    start_with_node();
    tree_open(&tree, "open");
    assert_fault("inside a node");

    start_with_node();
    tree_text(&tree, "status", "late");
    assert_fault("behind a child");

    start_with_node();
    tree_word(&tree, TOKEN_PROPERTY);
    tree_word(&tree, 0xfffffff0);
    tree_word(&tree, 0);
    assert_fault("runs out");

    start_with_node();
    tree_open(&tree, "node");
    tree_word(&tree, TOKEN_PROPERTY);
    tree_word(&tree, 0);
    tree_word(&tree, 100000);
    assert_fault("name is outside");

    tree_start(&tree);
    tree_text(&tree, "x", "");
    for (int i = 0; i < 16; i++) tree_open(&tree, "deep");
    assert_fault("16 deep");

    tree_start(&tree);
    tree_cells(&tree, "#address-cells", 1, 5);
    assert_fault("cells");
    tree_start(&tree);
    tree_cells(&tree, "#size-cells", 2, 1, 1);
    assert_fault("cells");

    start_with_node();
    assert_fault(NULL);
}

static void unfinished_name_is_refused(void **state) {
    (void)state;
    uint32_t bytes;

    tree_start(&tree);
    tree_text(&tree, "x", "");
    uint8_t *blob = tree_finish(&tree, &bytes);
    /* [begin]["" 0 0 0]... becomes a begin whose name fills the rest of the block */
    memset(blob + tree_header(blob, 2) + 4, 'n', tree_header(blob, 9) - 4);
    assert_non_null(strstr(fault_of(blob, bytes), "name does not end"));
    free(blob);
}

static void reservations_are_read_until_the_zero_pair(void **state) {
    (void)state;
    struct fdt fdt;
    struct range range;
    uint32_t bytes;

    start_with_node();
    tree_reserve(&tree, 0x48000000, 0x2000);
    tree_reserve(&tree, 0, 0x1000);
    tree_reserve(&tree, UINT64_MAX - 10, 100);
    uint8_t *blob = tree_finish(&tree, &bytes);
    assert_null(fdt_open(&fdt, blob, bytes));
    assert_true(fdt_reservation(&fdt, 0, &range) && range.end == 0x48002000);
    assert_true(fdt_reservation(&fdt, 1, &range) && range.start == 0 && range.end == 0x1000);
    assert_true(fdt_reservation(&fdt, 2, &range) && range.end == UINT64_MAX); /* cut, not wrapped */
    assert_false(fdt_reservation(&fdt, 3, &range));
    free(blob);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_is_visited_once_before_its_children),
        cmocka_unit_test(visit_ends_the_walk),
        cmocka_unit_test(reg_is_read_by_the_parents_cells),
        cmocka_unit_test(cut_or_wrapping_reg_is_unreadable),
        cmocka_unit_test(address_crosses_a_bus_by_its_ranges),
        cmocka_unit_test(empty_ranges_are_the_same_addresses_and_none_no_way_through),
        cmocka_unit_test(every_broken_header_is_named),
        cmocka_unit_test(misplaced_tree_is_refused),
        cmocka_unit_test(tree_cut_anywhere_is_refused),
        cmocka_unit_test(every_broken_structure_is_named),
        cmocka_unit_test(unfinished_name_is_refused),
        cmocka_unit_test(reservations_are_read_until_the_zero_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
