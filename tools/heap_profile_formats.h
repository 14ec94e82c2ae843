/* The formats of heap profiles. `bytes[length]` need not be readable. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"

bool heap_profile_parse_text(struct heap_profile *profile, const char *bytes, size_t length);
bool heap_profile_parse_pprof(struct heap_profile *profile, const char *bytes, size_t length);
