/* The data of a report's page, as JSON. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "report_data.h"
#include "call_tree.h"
#include "export_formats.h"
#include "site_pairs.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SITES_MAX = 300, STACK_MAX = 40, GROWTH_MAX = 100, SLIVERS = 2000, SLIVERS_OF_MANY = 500, MANY = 10 };
enum { SIZE_ROWS = 64 };

/* The names that the page has, in the order in which they were used first. */
struct page_names {
    struct names *names;
    struct number_map numbers;
    uint32_t *used;
    size_t count, room;
    bool failed;
};

static uint32_t page_name(struct page_names *page, uint32_t name) {
    uint32_t number = number_map_find(&page->numbers, name);
    if (number != NUMBER_NONE || page->failed) return number;
    uint32_t *used = array_grow(page->used, page->count, &page->room, sizeof(*used));
    page->failed = !used || !number_map_add(&page->numbers, name, (uint32_t)page->count);
    if (used) page->used = used;
    if (page->failed) return 0;
    page->used[page->count] = name;
    return (uint32_t)page->count++;
}

/* "function file:line" */
static uint32_t page_line(struct page_names *page, const struct profile_line *line) {
    const char *file = names_text(page->names, line->file), *function = names_text(page->names, line->function);
    char *text = NULL;
    if (!*file) return page_name(page, line->function);
    if (asprintf(&text, "%s %s:%u", function, profile_file_name(file), line->number) < 0) text = NULL;
    uint32_t name = text ? names_add(page->names, text, strlen(text)) : NUMBER_NONE;
    free(text);
    page->failed |= name == NUMBER_NONE;
    return page_name(page, name);
}

static void put_values(FILE *out, const double *values) {
    for (int i = 0; i < PROFILE_VALUES; i++) fprintf(out, "%s%" PRId64, i ? "," : "", whole_number(values[i]));
}

static void put_stack(FILE *out, struct page_names *page, const struct heap_profile *profile,
                      const struct profile_sample *sample) {
    const struct profile_line *lines[STACK_MAX];
    size_t count = heap_profile_functions(profile, sample, lines, STACK_MAX);
    fputs("\"stack\":[", out);
    for (size_t i = 0; i < count; i++) fprintf(out, "%s%u", i ? "," : "", page_line(page, lines[i]));
    fputs("]}", out);
}

/* ---- sites ---- */

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
        put_values(out, chosen[i]->values);
        fputs("],", out);
        put_stack(out, page, profile, chosen[i]);
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
        put_values(out, node->values);
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

/* ---- profiles ---- */

static bool put_profile(FILE *out, struct page_names *page, const struct profile_set *set, size_t index) {
    const struct heap_profile *profile = &set->profiles[index];
    double sums[PROFILE_VALUES];
    for (int i = 0; i < PROFILE_VALUES; i++) sums[i] = heap_profile_sum(profile, (enum profile_value)i);
    fputs(index ? ",\n{\"name\":" : "{\"name\":", out);
    put_json_string(out, profile_file_name(set->paths[index]));
    fprintf(out, ",\"ms\":%" PRIu64 ",\"rate\":%" PRIu64 ",\"stacks\":%zu,\"values\":[", profile->time_ns / 1000000,
            profile->rate, profile->sample_count);
    put_values(out, sums);
    fputs("]", out);
    bool good = put_tree(out, page, profile, set->count > MANY ? SLIVERS_OF_MANY : SLIVERS);
    good &= put_sites(out, page, profile);
    put_sizes(out, profile);
    return good;
}

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
        put_values(out, pairs.pairs[i].before);
        fputs("],\"after\":[", out);
        put_values(out, pairs.pairs[i].after);
        fputs("],", out);
        put_stack(out, page, pairs.pairs[i].profile, pairs.pairs[i].sample);
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
        put_stack(out, page, pairs.pairs[i].profile, pairs.pairs[i].sample);
    }
    site_pairs_free(&pairs);
    return good;
}

bool report_put_data(FILE *out, struct profile_set *set, const struct report_heap *heap,
                     const struct heap_profile *pins) {
    struct page_names page = {.names = &set->names};
    bool good = true;
    fputs("{\"profiles\":[", out);
    for (size_t i = 0; i < set->count && good; i++) good = put_profile(out, &page, set, i);
    fputs("],\n\"growth\":[", out);
    if (good && set->count > 1) good = put_growth(out, &page, set);
    fputs("],\n\"pins\":[", out);
    if (good && pins) good = put_pinning(out, &page, pins);
    fputs("]", out);
    if (heap) report_heap_put(out, heap);
    fputs(",\n\"names\":[", out);
    for (size_t i = 0; i < page.count; i++) {
        if (i) fputs(",\n", out);
        put_json_string(out, names_text(page.names, page.used[i]));
    }
    fputs("]}\n", out);
    good &= !page.failed;
    number_map_free(&page.numbers);
    free(page.used);
    return good;
}
