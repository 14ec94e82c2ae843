/* Who allocated each block that is in use: a hash table of blocks, in pages of the heap. */
/* SPDX-License-Identifier: MIT */
#include "callers.h"
#include "heap/bounded.h"
#include "lock.h"
#include "page.h"
#include <string.h>

/* An empty place has no block. A block is in the first empty place from its own on, so no empty place is between. */
struct record {
    const void *block, *caller;
    size_t size;
};

static struct spinlock lock;
static struct record *records; /* NULL: nothing is recorded */
static uint64_t places, used, lost;

bool callers_begin(uint64_t wanted) {
    if (config_bounded || wanted == 0 || wanted > SIZE_MAX / 2 / sizeof *records) return false;
    size_t units = (wanted * 2 * sizeof *records + PAGE_UNIT_BYTES - 1) / PAGE_UNIT_BYTES;
    struct record *table = page_alloc(units);

    if (table == NULL) return false;
    places = units * PAGE_UNIT_BYTES / sizeof *records;
    memset(table, 0, places * sizeof *records);
    __atomic_store_n(&records, table, __ATOMIC_RELEASE);
    return true;
}

static uint64_t home_of(const void *block) {
    return ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15 % places;
}

static uint64_t next_of(uint64_t place) {
    return place + 1 < places ? place + 1 : 0;
}

static uint64_t callers_place_of(const void *block) {
    uint64_t place = home_of(block);

    while (records[place].block != NULL && records[place].block != block) place = next_of(place);
    return place;
}

void callers_add(const void *block, size_t size, const void *caller) {
    if (!__atomic_load_n(&records, __ATOMIC_ACQUIRE) || block == NULL) return;
    uint64_t daif = spin_take(&lock);
    if (used < places / 2) {
        used++;
        records[callers_place_of(block)] = (struct record){block, caller, size};
    } else {
        lost++;
    }
    spin_give(&lock, daif);
}

/* Move later records into the gap, if they may be there: then each is found from its own place on. */
static void close_gap(uint64_t gap) {
    for (uint64_t place = next_of(gap); records[place].block != NULL; place = next_of(place)) {
        uint64_t home = home_of(records[place].block);
        bool stays = gap < place ? home > gap && home <= place : home > gap || home <= place;
        if (stays) continue;
        records[gap] = records[place];
        gap = place;
    }
    records[gap].block = NULL;
}

void callers_remove(const void *block) {
    if (!__atomic_load_n(&records, __ATOMIC_ACQUIRE) || block == NULL) return;
    uint64_t daif = spin_take(&lock);
    uint64_t place = callers_place_of(block);
    if (records[place].block != NULL) {
        used--;
        close_gap(place);
    }
    spin_give(&lock, daif);
}

void callers_forget(void) {
    if (!records) return;
    uint64_t daif = spin_take(&lock);
    memset(records, 0, places * sizeof *records);
    used = lost = 0;
    spin_give(&lock, daif);
}

/* The caller's sum; the last place is for those that have none. */
static struct callers_sum *callers_sum_of(struct callers_sum *sums, uint32_t *count, uint32_t most,
                                          const void *caller) {
    for (uint32_t i = 0; i < *count; i++)
        if (sums[i].caller == caller) return &sums[i];
    if (*count == most) return &sums[most - 1];
    sums[*count] = (struct callers_sum){*count + 1 < most ? caller : NULL, 0, 0};
    return &sums[(*count)++];
}

static void sort(struct callers_sum *sums, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        struct callers_sum sum = sums[i];
        uint32_t at = i;
        for (; at > 0 && sums[at - 1].bytes < sum.bytes; at--) sums[at] = sums[at - 1];
        sums[at] = sum;
    }
}

uint32_t callers_sum_up(struct callers_sum *sums, uint32_t most) {
    uint32_t count = 0;

    if (!records || most == 0) return 0;
    uint64_t daif = spin_take(&lock);
    for (uint64_t place = 0; place < places; place++) {
        if (records[place].block == NULL) continue;
        struct callers_sum *sum = callers_sum_of(sums, &count, most, records[place].caller);
        sum->blocks++;
        sum->bytes += records[place].size;
    }
    spin_give(&lock, daif);
    sort(sums, count < most ? count : most - 1);
    return count;
}

uint64_t callers_lost(void) {
    return lost;
}

bool callers_are_recorded(void) {
    return records != NULL;
}
