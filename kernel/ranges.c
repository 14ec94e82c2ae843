/* Sets of address ranges: union, subtraction and trimming by interval arithmetic. */
/* SPDX-License-Identifier: MIT */
#include "ranges.h"

static bool is_empty(struct range range) {
    return range.start >= range.end;
}

static void remove_at(struct range_list *set, uint32_t index) {
    set->count--;
    for (uint32_t i = index; i < set->count; i++) set->at[i] = set->at[i + 1];
}

static void insert_at(struct range_list *set, uint32_t index, struct range range) {
    for (uint32_t i = set->count; i > index; i--) set->at[i] = set->at[i - 1];
    set->at[index] = range;
    set->count++;
}

bool ranges_append(struct range_list *list, struct range range) {
    if (is_empty(range)) return true;
    if (list->count == RANGES_MAX) return false;
    list->at[list->count++] = range;
    return true;
}

bool ranges_add(struct range_list *set, struct range range) {
    if (is_empty(range)) return true;

    uint32_t first = 0;
    while (first < set->count && set->at[first].end < range.start) first++;
    uint32_t last = first; /* at[first..last) touch the new range */
    while (last < set->count && set->at[last].start <= range.end) last++;
    if (first == last && set->count == RANGES_MAX) return false;

    if (first < last) {
        if (set->at[first].start < range.start) range.start = set->at[first].start;
        if (set->at[last - 1].end > range.end) range.end = set->at[last - 1].end;
    }
    for (; last > first; last--) remove_at(set, first);
    insert_at(set, first, range);
    return true;
}

bool ranges_subtract(struct range_list *set, struct range hole) {
    if (is_empty(hole)) return true;
    for (uint32_t i = 0; i < set->count;) {
        struct range old = set->at[i];
        struct range left = {old.start, hole.start};
        struct range right = {hole.end, old.end};

        if (hole.end <= old.start || old.end <= hole.start) {
            i++; /* [ hole ] [ old ] */
        } else if (is_empty(left) && is_empty(right)) {
            remove_at(set, i); /* [ hole [ old ] ] */
        } else if (is_empty(left)) {
            set->at[i++] = right; /* [ hole [ ] right ] */
        } else if (is_empty(right)) {
            set->at[i++] = left; /* [ left [ ] hole ] */
        } else if (set->count == RANGES_MAX) {
            return false;
        } else { /* [ left [ hole ] right ]: no other range can overlap the hole */
            set->at[i] = right;
            insert_at(set, i, left);
            return true;
        }
    }
    return true;
}

void ranges_trim(struct range_list *set, uint64_t granule_bytes) {
    uint64_t mask = granule_bytes - 1;

    for (uint32_t i = 0; i < set->count;) {
        struct range *range = &set->at[i];
        uint64_t start = (range->start + mask) & ~mask;

        /* start wraps to 0 when only the last, cut granule was left */
        if (start < range->start || start >= (range->end & ~mask)) {
            remove_at(set, i);
        } else {
            range->start = start;
            range->end &= ~mask;
            i++;
        }
    }
}

struct range range_cover(struct range range, uint64_t granule_bytes) {
    uint64_t mask = granule_bytes - 1;
    uint64_t end = (range.end + mask) & ~mask;

    range.start &= ~mask;
    range.end = end < range.end ? UINT64_MAX : end;
    return range;
}

uint64_t ranges_bytes(const struct range_list *set) {
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < set->count; i++) bytes += set->at[i].end - set->at[i].start;
    return bytes;
}

bool ranges_overlap(const struct range_list *set, struct range range) {
    for (uint32_t i = 0; i < set->count; i++)
        if (!is_empty(range) && set->at[i].start < range.end && range.start < set->at[i].end) return true;
    return false;
}
