/* Stacks as a tree: a node for each function called from the same functions, with the sums of all below it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"

enum call_tree_order {
    TREE_FROM_ROOT, /* the root's children are the outermost functions, as in a flame graph */
    TREE_FROM_SITE, /* they are those that allocated, by line, and theirs are their callers, as in massif's trees */
};

struct call_node {
    struct profile_line line;           /* number: 0 in a tree from the root */
    uint32_t parent, child, next, last; /* nodes; NUMBER_NONE: there is none. last: the last child */
    uint32_t child_count;
    double values[PROFILE_VALUES];
};

struct call_tree {
    struct call_node *nodes; /* nodes[0] is the root; a node is after its parent */
    size_t count, room;
    struct number_map lines;    /* numbers for lines */
    struct number_map children; /* by parent and line */
};

/* Make the tree of a profile whose functions have names. False: there is no memory. call_tree_free() is due after
 * either. */
bool call_tree_make(struct call_tree *tree, const struct heap_profile *profile, enum call_tree_order order);

/* Put the children of each node in the order of this value, the largest first. False: there is no memory. */
bool call_tree_sort(struct call_tree *tree, enum profile_value value);

void call_tree_free(struct call_tree *tree);
