/* An ordered set of ranges. Its memory is libc's: the heap under test is another. */
/* SPDX-License-Identifier: MIT */
#include "order.h"
#include <stdlib.h>

struct node {
    struct node *left, *right;
    uintptr_t from, to;
    uint32_t rank; /* a random heap order keeps the tree flat */
};

struct order {
    struct node *root;
    uint64_t random;
};

struct order *order_open(void) {
    struct order *order = calloc(1, sizeof(*order));
    order->random = 88172645463325252;
    return order;
}

static void drop(struct node *node) {
    if (!node) return;
    drop(node->left);
    drop(node->right);
    free(node);
}

void order_close(struct order *order) {
    drop(order->root);
    free(order);
}

/* Split the tree: ranges that begin before `from` to the left, the rest to the right. */
static void split(struct node *node, uintptr_t from, struct node **left, struct node **right) {
    if (!node) {
        *left = *right = NULL;
    } else if (node->from < from) {
        split(node->right, from, &node->right, right);
        *left = node;
    } else {
        split(node->left, from, left, &node->left);
        *right = node;
    }
}

static struct node *join(struct node *left, struct node *right) {
    if (!left || !right) return left ? left : right;
    if (left->rank > right->rank) {
        left->right = join(left->right, right);
        return left;
    }
    right->left = join(left, right->left);
    return right;
}

/* Of the ranges that begin before `to` only the last could reach into [from, to). */
static bool overlaps(const struct node *node, uintptr_t from, uintptr_t to) {
    const struct node *last = NULL;
    while (node) {
        bool before = node->from < to;
        if (before) last = node;
        node = before ? node->right : node->left;
    }
    return last && last->to > from;
}

bool order_enter(struct order *order, uintptr_t from, uintptr_t to) {
    if (overlaps(order->root, from, to)) return false;
    order->random ^= order->random << 13, order->random ^= order->random >> 7, order->random ^= order->random << 17;
    struct node *node = malloc(sizeof(*node)), *left, *right;
    *node = (struct node){NULL, NULL, from, to, (uint32_t)(order->random >> 32)};
    split(order->root, from, &left, &right);
    order->root = join(join(left, node), right);
    return true;
}

bool order_leave(struct order *order, uintptr_t from) {
    struct node *left, *middle, *right;
    split(order->root, from, &left, &right);
    split(right, from + 1, &middle, &right);
    order->root = join(left, right);
    bool found = middle != NULL;
    free(middle);
    return found;
}
