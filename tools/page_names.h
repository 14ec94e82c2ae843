/* The names on a report's page, and what is written with them. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"
#include "number_map.h"
#include <stdio.h>

/* The names that the page has, in the order in which they were used first. */
struct page_names {
    struct names *names;
    struct number_map numbers;
    uint32_t *used;
    size_t count, room;
    bool failed;
};

/* The number of a name on the page. */
uint32_t page_name(struct page_names *page, uint32_t name);

void page_put_values(FILE *out, const double *values);
void page_put_stack(FILE *out, struct page_names *page, const struct heap_profile *profile,
                    const struct profile_sample *sample);

/* Write all names, in the order of their numbers. */
void page_put_names(FILE *out, const struct page_names *page);
