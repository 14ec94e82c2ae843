/* An ordered set of ranges (a treap), which detects at once that a new one overlaps another. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct order;

struct order *order_open(void);
void order_close(struct order *order);

/* False: it overlaps a range of the set, and is not added. */
bool order_enter(struct order *order, uintptr_t from, uintptr_t to);

/* False: no range begins there. */
bool order_leave(struct order *order, uintptr_t from);
