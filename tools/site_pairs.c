/* The sites of two profiles, side by side. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "site_pairs.h"
#include <math.h>
#include <stdlib.h>

enum { FUNCTIONS_MAX = 4 * PROFILE_DEPTH_MAX };

/* NUMBER_NONE: there is no memory. */
static uint32_t stack_number(struct number_map *stacks, const struct heap_profile *profile,
                             const struct profile_sample *sample) {
    const struct profile_line *lines[FUNCTIONS_MAX];
    size_t count = heap_profile_functions(profile, sample, lines, FUNCTIONS_MAX);
    uint32_t stack = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = (uint64_t)stack << 32 | lines[i]->function;
        stack = number_map_find(stacks, key);
        if (stack != NUMBER_NONE) continue;
        stack = (uint32_t)stacks->count + 1;
        if (!number_map_add(stacks, key, stack)) return NUMBER_NONE;
    }
    return stack;
}

static struct site_pair *pair_at(struct site_pairs *pairs, const struct heap_profile *profile,
                                 const struct profile_sample *sample) {
    uint32_t stack = stack_number(&pairs->stacks, profile, sample), pair = number_map_find(&pairs->sites, stack);
    if (stack == NUMBER_NONE) return NULL;
    if (pair != NUMBER_NONE) return &pairs->pairs[pair];
    struct site_pair *grown = array_grow(pairs->pairs, pairs->count, &pairs->room, sizeof(*grown));
    if (!grown) return NULL;
    pairs->pairs = grown;
    if (!number_map_add(&pairs->sites, stack, (uint32_t)pairs->count)) return NULL;
    grown[pairs->count] = (struct site_pair){.profile = profile, .sample = sample};
    return &grown[pairs->count++];
}

static bool add_before(struct site_pairs *pairs, const struct heap_profile *profile) {
    for (size_t i = 0; i < profile->sample_count; i++) {
        struct site_pair *pair = pair_at(pairs, profile, &profile->samples[i]);
        if (!pair) return false;
        for (int value = 0; value < PROFILE_VALUES; value++) pair->before[value] += profile->samples[i].values[value];
    }
    return true;
}

static bool add_after(struct site_pairs *pairs, const struct heap_profile *profile) {
    for (size_t i = 0; i < profile->sample_count; i++) {
        struct site_pair *pair = pair_at(pairs, profile, &profile->samples[i]);
        if (!pair) return false;
        for (int value = 0; value < PROFILE_VALUES; value++) pair->after[value] += profile->samples[i].values[value];
    }
    return true;
}

static int order_changes(const void *left, const void *right, void *argument) {
    const struct site_pair *one = left, *other = right;
    enum profile_value value = *(enum profile_value *)argument;
    double first = fabs(one->after[value] - one->before[value]);
    double second = fabs(other->after[value] - other->before[value]);
    return (first < second) - (first > second);
}

bool site_pairs_make(struct site_pairs *pairs, const struct heap_profile *before, const struct heap_profile *after,
                     enum profile_value value) {
    *pairs = (struct site_pairs){0};
    if (!add_before(pairs, before) || !add_after(pairs, after)) return false;
    if (pairs->count > 1) qsort_r(pairs->pairs, pairs->count, sizeof(*pairs->pairs), order_changes, &value);
    return true;
}

void site_pairs_free(struct site_pairs *pairs) {
    free(pairs->pairs);
    number_map_free(&pairs->stacks);
    number_map_free(&pairs->sites);
}
