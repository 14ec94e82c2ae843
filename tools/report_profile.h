/* One profile on a report's page: its sums, its tree of calls, its sites, its sizes. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "page_names.h"
#include "profile_set.h"

/* Write it as JSON. False: there is no memory. */
bool report_put_profile(FILE *out, struct page_names *page, const struct profile_set *set, size_t index);
