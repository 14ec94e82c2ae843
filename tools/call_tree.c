/* Stacks as a tree. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "call_tree.h"
#include <stdlib.h>

enum { FUNCTIONS_MAX = 4 * PROFILE_DEPTH_MAX };

static uint32_t add_node(struct call_tree *tree, uint32_t parent, struct profile_line line) {
    struct call_node *nodes = array_grow(tree->nodes, tree->count, &tree->room, sizeof(*nodes));
    if (!nodes || tree->count == NUMBER_NONE) return NUMBER_NONE;
    tree->nodes = nodes;
    uint32_t node = (uint32_t)tree->count++;
    nodes[node] = (struct call_node){line, parent, NUMBER_NONE, NUMBER_NONE, NUMBER_NONE, 0, {0}};
    if (parent == NUMBER_NONE) return node;
    if (nodes[parent].last == NUMBER_NONE)
        nodes[parent].child = node;
    else
        nodes[nodes[parent].last].next = node;
    nodes[parent].last = node;
    nodes[parent].child_count++;
    return node;
}

/* A number for a pair of numbers, the same for equal pairs. */
static uint32_t number_of(struct number_map *map, uint32_t one, uint32_t other) {
    uint64_t key = (uint64_t)one << 32 | other;
    uint32_t number = number_map_find(map, key);
    if (number != NUMBER_NONE) return number;
    number = (uint32_t)map->count;
    return number_map_add(map, key, number) ? number : NUMBER_NONE;
}

/* The child of a node for this line, added if there is none. */
static uint32_t child_of(struct call_tree *tree, uint32_t parent, struct profile_line line) {
    uint32_t file = number_of(&tree->lines, line.function, line.file);
    uint32_t place = file == NUMBER_NONE ? file : number_of(&tree->lines, file | 1u << 31, line.number);
    if (place == NUMBER_NONE) return NUMBER_NONE;
    uint64_t key = (uint64_t)parent << 32 | place;
    uint32_t child = number_map_find(&tree->children, key);
    if (child != NUMBER_NONE) return child;
    child = add_node(tree, parent, line);
    return child != NUMBER_NONE && number_map_add(&tree->children, key, child) ? child : NUMBER_NONE;
}

static void add_values(struct call_node *node, const double *values) {
    for (int i = 0; i < PROFILE_VALUES; i++) node->values[i] += values[i];
}

static bool add_stack(struct call_tree *tree, const struct heap_profile *profile, const struct profile_sample *sample,
                      enum call_tree_order order) {
    const struct profile_line *lines[FUNCTIONS_MAX];
    size_t count = heap_profile_functions(profile, sample, lines, FUNCTIONS_MAX);
    add_values(&tree->nodes[0], sample->values);
    for (size_t i = 0, node = 0; i < count; i++) {
        struct profile_line line = *lines[order == TREE_FROM_SITE ? i : count - 1 - i];
        if (order == TREE_FROM_ROOT) line.number = 0;
        node = child_of(tree, (uint32_t)node, line);
        if (node == NUMBER_NONE) return false;
        add_values(&tree->nodes[node], sample->values);
    }
    return true;
}

bool call_tree_make(struct call_tree *tree, const struct heap_profile *profile, enum call_tree_order order) {
    *tree = (struct call_tree){0};
    if (add_node(tree, NUMBER_NONE, (struct profile_line){NUMBER_NONE, NUMBER_NONE, 0}) == NUMBER_NONE) return false;
    for (size_t i = 0; i < profile->sample_count; i++)
        if (!add_stack(tree, profile, &profile->samples[i], order)) return false;
    return true;
}

struct child {
    uint32_t node;
    double value;
};

static int order_children(const void *left, const void *right) {
    const struct child *one = left, *other = right;
    return (one->value < other->value) - (one->value > other->value);
}

static void sort_children(struct call_tree *tree, uint32_t parent, struct child *children, enum profile_value value) {
    uint32_t count = 0;
    for (uint32_t node = tree->nodes[parent].child; node != NUMBER_NONE; node = tree->nodes[node].next)
        children[count++] = (struct child){node, tree->nodes[node].values[value]};
    if (count < 2) return;
    qsort(children, count, sizeof(*children), order_children);
    for (uint32_t i = 0; i < count; i++)
        tree->nodes[children[i].node].next = i + 1 < count ? children[i + 1].node : NUMBER_NONE;
    tree->nodes[parent].child = children[0].node;
    tree->nodes[parent].last = children[count - 1].node;
}

bool call_tree_sort(struct call_tree *tree, enum profile_value value) {
    uint32_t most = 0;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].child_count > most) most = tree->nodes[i].child_count;
    struct child *children = calloc(most + 1, sizeof(*children));
    if (!children) return false;
    for (size_t i = 0; i < tree->count; i++) sort_children(tree, (uint32_t)i, children, value);
    free(children);
    return true;
}

void call_tree_free(struct call_tree *tree) {
    free(tree->nodes);
    number_map_free(&tree->lines);
    number_map_free(&tree->children);
}
