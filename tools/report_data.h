/* The data of a report's page, as JSON. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "profile_set.h"
#include "report_heap.h"

/* Write the data of profiles, which may be none, and of a heap, which may be NULL. False: there is no memory. */
bool report_put_data(FILE *out, struct profile_set *set, const struct report_heap *heap);
