/* The identity map: what start.S began, extended to the machine's RAM and devices. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "ranges.h"
#include <stdint.h>

enum mmu_kind { MMU_RAM, MMU_DEVICE };

/* `next_table`: the first of `tables` that start.S left unused. */
void mmu_init(uint64_t next_table);

/* Unmap the early console, which start.S mapped. On one core, before RAM is mapped. */
void mmu_forget_early_uart(void);

/* Map every 2 MiB block that `range` touches and that is not mapped yet. Takes effect at once, on
 * every core. False: out of tables, or beyond 512 GiB. */
bool mmu_map(struct range range, enum mmu_kind kind);
