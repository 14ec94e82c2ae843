/* The names on a report's page, and what is written with them. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "page_names.h"
#include "json_text.h"
#include "profile_file.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_MAX = 40 };

uint32_t page_name(struct page_names *page, uint32_t name) {
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

void page_put_values(FILE *out, const double *values) {
    for (int i = 0; i < PROFILE_VALUES; i++) fprintf(out, "%s%" PRId64, i ? "," : "", whole_number(values[i]));
}

void page_put_stack(FILE *out, struct page_names *page, const struct heap_profile *profile,
                    const struct profile_sample *sample) {
    const struct profile_line *lines[STACK_MAX];
    size_t count = heap_profile_functions(profile, sample, lines, STACK_MAX);
    fputs("\"stack\":[", out);
    for (size_t i = 0; i < count; i++) fprintf(out, "%s%u", i ? "," : "", page_line(page, lines[i]));
    fputs("]}", out);
}

void page_put_names(FILE *out, const struct page_names *page) {
    fputs(",\n\"names\":[", out);
    for (size_t i = 0; i < page->count; i++) {
        if (i) fputs(",\n", out);
        put_json_string(out, names_text(page->names, page->used[i]));
    }
    fputs("]", out);
}
