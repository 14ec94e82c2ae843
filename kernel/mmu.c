/* The identity map: what start.S began, extended to the machine's RAM and devices. */
/* SPDX-License-Identifier: MIT */
#include "mmu.h"
#include "layout.h"
#include <stddef.h>

/*   L1[512] --1 GiB block--> RAM                     a whole gigabyte of one kind needs no table
 *           --table--------> L2[512] --2 MiB block--> RAM, image or device
 * Entries only change from invalid to valid, but for the early console's: no core can hold a stale translation, so a
 * barrier is enough and no TLB flush is needed. Unmapped addresses fault, NULL too. */

extern uint64_t tables[TABLES_MAX][TABLE_BYTES / 8];

static uint64_t next_table;

enum { VALID = 1, TABLE = 3, IS_TABLE = 2 };
#define BLOCK_BYTES ((uint64_t)1 << BLOCK_SHIFT)
#define GIGA_BYTES ((uint64_t)1 << GIGA_SHIFT)

void mmu_init(uint64_t first_unused) {
    next_table = first_unused;
}

static uint64_t *open_table(uint64_t *entry) {
    if (*entry == 0) {
        if (next_table == (uint64_t)(tables + TABLES_MAX)) return NULL;
        *entry = next_table | TABLE;
        next_table += TABLE_BYTES;
    }
    return (uint64_t *)(*entry & ~(uint64_t)TABLE);
}

/* The image may have taken its place (start.S maps that last). */
void mmu_forget_early_uart(void) {
    uint64_t at = EARLY_UART_BASE & ~(BLOCK_BYTES - 1);
    uint64_t *block = &open_table(&tables[0][at >> GIGA_SHIFT])[(at >> BLOCK_SHIFT) % 512];

    if (*block != (at | MAP_DEVICE)) return;
    *block = 0;
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" ::: "memory");
}

bool mmu_map(struct range range, enum mmu_kind kind) {
    uint64_t bits = kind == MMU_RAM ? MAP_RAM : MAP_DEVICE;
    uint64_t at = range.start & ~(BLOCK_BYTES - 1);

    if (range.end > (uint64_t)1 << ADDRESS_SHIFT) return false;
    while (at < range.end) {
        uint64_t *giga = &tables[0][at >> GIGA_SHIFT];

        if ((*giga & VALID) != 0 && (*giga & IS_TABLE) == 0) {
            at = (at | (GIGA_BYTES - 1)) + 1; /* already one block */
        } else if (*giga == 0 && at % GIGA_BYTES == 0 && range.end - at >= GIGA_BYTES) {
            *giga = at | bits;
            at += GIGA_BYTES;
        } else {
            uint64_t *blocks = open_table(giga);
            if (blocks == NULL) return false;
            uint64_t *block = &blocks[(at >> BLOCK_SHIFT) % 512];
            if (*block == 0) *block = at | bits;
            at += BLOCK_BYTES;
        }
    }
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
    return true;
}
