/* An ordered set of ranges (a treap): tells at once when a new one overlaps another. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct order;

struct order *order_open(void);
void order_close(struct order *order);

/* False: it overlaps a range that is in the set, and does not go in. */
bool order_enter(struct order *order, uintptr_t from, uintptr_t to);

/* False: no range begins there. */
bool order_leave(struct order *order, uintptr_t from);
