/* One profile on a report's page. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report_profile.h"
#include "call_tree.h"
#include "json_text.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { SITES_MAX = 300, SLIVERS = 2000, SLIVERS_OF_MANY = 500, MANY = 10, SIZE_ROWS = 64 };

static int order_samples(const void *left, const void *right, void *argument) {
    const struct profile_sample *const *one = left, *const *other = right;
    enum profile_value value = *(enum profile_value *)argument;
    double first = (*one)->values[value], second = (*other)->values[value];
    if (first != second) return first < second ? 1 : -1;
    return (*one > *other) - (*one < *other);
}

/* The samples that matter most: half of them by what is live, then by what they allocated. */
static size_t choose_samples(const struct heap_profile *profile, const struct profile_sample **chosen) {
    size_t count = profile->sample_count, kept = SITES_MAX / 2;
    enum profile_value live = LIVE_BYTES, all = ALL_BYTES;
    for (size_t i = 0; i < count; i++) chosen[i] = &profile->samples[i];
    if (count <= SITES_MAX) return count;
    qsort_r(chosen, count, sizeof(*chosen), order_samples, &live);
    qsort_r(chosen + kept, count - kept, sizeof(*chosen), order_samples, &all);
    return SITES_MAX;
}

static bool put_sites(FILE *out, struct page_names *page, const struct heap_profile *profile) {
    const struct profile_sample **chosen = calloc(profile->sample_count + 1, sizeof(*chosen));
    size_t count = chosen ? choose_samples(profile, chosen) : 0;
    fputs(",\n\"sites\":[", out);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ",\n{\"values\":[" : "{\"values\":[", out);
        page_put_values(out, chosen[i]->values);
        fputs("],", out);
        page_put_stack(out, page, profile, chosen[i]);
    }
    fputs("]", out);
    bool good = chosen != NULL;
    free(chosen);
    return good;
}

/* ---- the tree ---- */

/* Too narrow to be seen, by each of its sums. */
static bool is_sliver(const struct call_node *node, const struct call_node *root, double slivers) {
    for (int i = 0; i < PROFILE_VALUES; i++)
        if (node->values[i] > 0 && node->values[i] * slivers >= root->values[i]) return false;
    return true;
}

/* A sliver's children are slivers too: no node is written whose parent is not. */
static bool put_tree(FILE *out, struct page_names *page, const struct heap_profile *profile, double slivers) {
    struct call_tree tree;
    bool good = call_tree_make(&tree, profile, TREE_FROM_ROOT);
    uint32_t *numbers = good ? calloc(tree.count, sizeof(*numbers)) : NULL, count = 0;
    fputs(",\n\"nodes\":[", out);
    for (size_t i = 0; numbers && i < tree.count; i++) {
        const struct call_node *node = &tree.nodes[i];
        numbers[i] = NUMBER_NONE;
        if (i > 0 && (numbers[node->parent] == NUMBER_NONE || is_sliver(node, &tree.nodes[0], slivers))) continue;
        numbers[i] = count++;
        if (i == 0)
            fputs("[-1,-1,", out);
        else
            fprintf(out, ",\n[%u,%u,", page_name(page, node->line.function), numbers[node->parent]);
        page_put_values(out, node->values);
        fputs("]", out);
    }
    fputs("]", out);
    good = numbers != NULL;
    free(numbers);
    call_tree_free(&tree);
    return good;
}

/* ---- sizes ---- */

/* The samples by the mean size of their blocks. */
static void put_sizes(FILE *out, const struct heap_profile *profile) {
    double blocks[SIZE_ROWS] = {0}, bytes[SIZE_ROWS] = {0};
    for (size_t i = 0; i < profile->sample_count; i++) {
        const double *values = profile->samples[i].values;
        if (values[LIVE_BLOCKS] <= 0 || values[LIVE_BYTES] <= 0) continue;
        double mean = values[LIVE_BYTES] / values[LIVE_BLOCKS];
        int row = mean < 1 ? 0 : (int)log2(mean);
        if (row >= SIZE_ROWS) row = SIZE_ROWS - 1;
        blocks[row] += values[LIVE_BLOCKS];
        bytes[row] += values[LIVE_BYTES];
    }
    const char *comma = "";
    fputs(",\n\"sizes\":[", out);
    for (int row = 0; row < SIZE_ROWS; row++) {
        if (bytes[row] <= 0) continue;
        fprintf(out, "%s[%.0f,%" PRId64 ",%" PRId64 "]", comma, exp2(row), whole_number(blocks[row]),
                whole_number(bytes[row]));
        comma = ",";
    }
    fputs("]}", out);
}

bool report_put_profile(FILE *out, struct page_names *page, const struct profile_set *set, size_t index) {
    const struct heap_profile *profile = &set->profiles[index];
    double sums[PROFILE_VALUES];
    for (int i = 0; i < PROFILE_VALUES; i++) sums[i] = heap_profile_sum(profile, (enum profile_value)i);
    fputs(index ? ",\n{\"name\":" : "{\"name\":", out);
    put_json_string(out, profile_file_name(set->paths[index]));
    fprintf(out, ",\"ms\":%" PRIu64 ",\"rate\":%" PRIu64 ",\"stacks\":%zu,\"values\":[", profile->time_ns / 1000000,
            profile->rate, profile->sample_count);
    page_put_values(out, sums);
    fputs("]", out);
    bool good = put_tree(out, page, profile, set->count > MANY ? SLIVERS_OF_MANY : SLIVERS);
    good &= put_sites(out, page, profile);
    put_sizes(out, profile);
    return good;
}
