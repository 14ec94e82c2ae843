/* Reads a heap profile of either format from memory. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "heap_profile.h"

/* Read a profile from memory, in gperftools' text or pprof's protocol buffer. False: `fault` is what is wrong with it.
 * After either result heap_profile_free() is due. */
bool heap_profile_parse(struct heap_profile *profile, struct names *names, const char *bytes, size_t length);
