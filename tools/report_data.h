/* The data of a report's page, as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "profile_set.h"
#include "report_heap.h"

/* Write the data of profiles, which may be none, of a heap, and of what holds memory in its slabs; both may be NULL.
 * False: there is no memory. */
bool report_put_data(FILE *out, struct profile_set *set, const struct report_heap *heap,
                     const struct heap_profile *pins);
