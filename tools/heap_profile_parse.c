/* Reads a heap profile of either format from memory. */
/* SPDX-License-Identifier: MIT */
#include "heap_profile_parse.h"
#include "heap_profile_formats.h"
#include <stdlib.h>
#include <string.h>

static int order_modules(const void *left, const void *right) {
    const struct profile_module *one = left, *other = right;
    return (one->from > other->from) - (one->from < other->from);
}

/* The text begins with these words; pprof's protocol buffer with a field, whose number is in the first byte. */
bool heap_profile_parse(struct heap_profile *profile, struct names *names, const char *bytes, size_t length) {
    static const char text[] = "heap profile:", gzip[] = "\x1f\x8b";
    *profile = (struct heap_profile){.names = names, .rate = 1};
    bool good = false;
    if (length == 0)
        heap_profile_fail(profile, "it is empty; a heap profile is expected");
    else if (length >= sizeof(text) - 1 && memcmp(bytes, text, sizeof(text) - 1) == 0)
        good = heap_profile_parse_text(profile, bytes, length);
    else if (length >= 2 && memcmp(bytes, gzip, 2) == 0)
        heap_profile_fail(profile, "it is compressed; `gunzip` makes a heap profile of it");
    else if (bytes[0] == 0x0a || bytes[0] == 0x12 || bytes[0] == 0x32)
        good = heap_profile_parse_pprof(profile, bytes, length);
    else
        heap_profile_fail(profile, "it is no heap profile, neither gperftools' text nor pprof's protocol buffer");
    if (good && profile->module_count > 1)
        qsort(profile->modules, profile->module_count, sizeof(*profile->modules), order_modules);
    return good;
}
