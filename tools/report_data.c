/* The data of a report's page, as JSON. */
/* SPDX-License-Identifier: MIT */
#include "report_data.h"
#include "json_text.h"
#include "report_profile.h"
#include "site_pairs.h"
#include <inttypes.h>
#include <stdlib.h>

enum { GROWTH_MAX = 100 };

/* The profile with most live memory; the last, if it is the first. */
static size_t largest_of(const struct profile_set *set) {
    size_t largest = 0;
    for (size_t i = 1; i < set->count; i++)
        if (heap_profile_sum(&set->profiles[i], LIVE_BYTES) > heap_profile_sum(&set->profiles[largest], LIVE_BYTES))
            largest = i;
    return largest ? largest : set->count - 1;
}

static bool put_growth(FILE *out, struct page_names *page, const struct profile_set *set) {
    struct site_pairs pairs;
    bool good = site_pairs_make(&pairs, &set->profiles[0], &set->profiles[largest_of(set)], LIVE_BYTES);
    for (size_t i = 0; good && i < pairs.count && i < GROWTH_MAX; i++) {
        fputs(i ? ",\n{\"before\":[" : "{\"before\":[", out);
        page_put_values(out, pairs.pairs[i].before);
        fputs("],\"after\":[", out);
        page_put_values(out, pairs.pairs[i].after);
        fputs("],", out);
        page_put_stack(out, page, pairs.pairs[i].profile, pairs.pairs[i].sample);
    }
    site_pairs_free(&pairs);
    return good;
}

/* Stacks are merged by comparing with nothing. */
static bool put_pinning(FILE *out, struct page_names *page, const struct heap_profile *profile) {
    const struct heap_profile nothing = {.names = profile->names};
    struct site_pairs pairs;
    bool good = site_pairs_make(&pairs, &nothing, profile, ALL_BYTES);
    for (size_t i = 0; good && i < pairs.count && i < GROWTH_MAX; i++) {
        const double *values = pairs.pairs[i].after;
        fprintf(out, "%s{\"held\":%" PRId64 ",\"live\":%" PRId64 ",\"blocks\":%" PRId64 ",", i ? ",\n" : "",
                whole_number(values[ALL_BYTES]), whole_number(values[LIVE_BYTES]), whole_number(values[LIVE_BLOCKS]));
        page_put_stack(out, page, pairs.pairs[i].profile, pairs.pairs[i].sample);
    }
    site_pairs_free(&pairs);
    return good;
}

bool report_put_data(FILE *out, struct profile_set *set, const struct report_heap *heap,
                     const struct heap_profile *pins) {
    struct page_names page = {.names = &set->names};
    bool good = true;
    fputs("{\"profiles\":[", out);
    for (size_t i = 0; i < set->count && good; i++) good = report_put_profile(out, &page, set, i);
    fputs("],\n\"growth\":[", out);
    if (good && set->count > 1) good = put_growth(out, &page, set);
    fputs("],\n\"pins\":[", out);
    if (good && pins) good = put_pinning(out, &page, pins);
    fputs("]", out);
    if (heap) report_heap_put(out, heap);
    page_put_names(out, &page);
    fputs("}\n", out);
    good &= !page.failed;
    number_map_free(&page.numbers);
    free(page.used);
    return good;
}
