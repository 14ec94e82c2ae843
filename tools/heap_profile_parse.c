/* Reads a heap profile of either format from memory. */
/* SPDX-License-Identifier: MIT */
#include "heap_profile_parse.h"
#include "heap_profile_formats.h"
#include "unzip.h"
#include <stdlib.h>
#include <string.h>

static int order_modules(const void *left, const void *right) {
    const struct profile_module *one = left, *other = right;
    return (one->from > other->from) - (one->from < other->from);
}

/* The text begins with these words; pprof's protocol buffer with a field, whose number is in the first byte. */
static bool parse_plain(struct heap_profile *profile, const char *bytes, size_t length) {
    static const char text[] = "heap profile:";
    if (length == 0) return heap_profile_fail(profile, "it is empty; a heap profile is expected");
    if (length >= sizeof(text) - 1 && memcmp(bytes, text, sizeof(text) - 1) == 0)
        return heap_profile_parse_text(profile, bytes, length);
    if (bytes[0] == 0x0a || bytes[0] == 0x12 || bytes[0] == 0x32)
        return heap_profile_parse_pprof(profile, bytes, length);
    return heap_profile_fail(profile, "it is no heap profile, neither gperftools' text nor pprof's protocol buffer");
}

static bool parse_gzip(struct heap_profile *profile, const char *bytes, size_t length) {
    const char *fault;
    size_t plain_length;
    char *plain = gzip_read(bytes, length, &plain_length, &fault);
    if (!plain) return heap_profile_fail(profile, "%s", fault);
    bool good = parse_plain(profile, plain, plain_length);
    free(plain);
    return good;
}

bool heap_profile_parse(struct heap_profile *profile, struct names *names, const char *bytes, size_t length) {
    *profile = (struct heap_profile){.names = names, .rate = 1};
    bool good = is_gzip(bytes, length) ? parse_gzip(profile, bytes, length) : parse_plain(profile, bytes, length);
    if (good && profile->module_count > 1)
        qsort(profile->modules, profile->module_count, sizeof(*profile->modules), order_modules);
    return good;
}
