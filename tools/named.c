/* Pools and arenas of a heap that is read from outside, by their names. */
/* SPDX-License-Identifier: MIT */
#include "named.h"
#include "json_text.h"
#include "survey.h"

enum { LINE_BYTES = 160, READS_MAX = 8 };

bool named_read(struct target *target, struct by_name *sums) {
    bool whole = reader_by_name(&target->reader, sums);
    for (int i = 1; i < READS_MAX && !whole && target->process; i++) whole = reader_by_name(&target->reader, sums);
    return whole;
}

/* The n-th row, the last of which may be the sum of those without one. NULL: there are no more. */
static const struct by_name_row *named_row(const struct by_name *sums, size_t n) {
    if (n < sums->row_count) return &sums->rows[n];
    return n == sums->row_count && sums->more.count > 0 ? &sums->more : NULL;
}

/* Copy a name for a terminal, which must not be told anything by it. */
static void copy_name(char *to, const char *from) {
    for (; *from; from++) *to++ = (unsigned char)*from < ' ' || *from == 0x7f ? '?' : *from;
    *to = 0;
}

static void named_say_head(enum named_width width, named_line *say, void *argument) {
    if (width == NAMED_WIDE)
        say("  named           count       in use     reserved  name", argument);
    else
        say("      in use   reserved  name", argument);
}

static void named_say_row(const struct by_name_row *row, enum named_width width, named_line *say, void *argument) {
    char line[LINE_BYTES], name[NAMED_CHARS], head[LINE_BYTES / 4] = "";
    int cells = width == NAMED_WIDE ? 12 : 10;
    copy_name(name, row->name);
    if (width == NAMED_WIDE) snprintf(head, sizeof(head), " %-10s %10zu", by_name_kind(row), row->count);
    snprintf(line, sizeof(line), " %s %*s %*s  %s", head, cells, survey_size(row->used_bytes), cells,
             survey_size(row->reserved_bytes),
             name[0]               ? name
             : width == NAMED_WIDE ? ""
                                   : by_name_kind(row));
    say(line, argument);
}

void named_say(const struct by_name *sums, bool whole, named_line *say, void *argument) {
    const struct by_name_row *row;
    for (size_t i = 0; (row = named_row(sums, i)) != NULL; i++) {
        if (i == 0) {
            say("", argument);
            named_say_head(NAMED_WIDE, say, argument);
        }
        named_say_row(row, NAMED_WIDE, say, argument);
    }
    if (!whole) say("  The list of names changed while it was read: this is a part of it.", argument);
}

unsigned named_count(const struct by_name *sums) {
    return (unsigned)sums->row_count + (sums->more.count > 0);
}

void named_say_largest(const struct by_name *sums, unsigned rows, enum named_width width, named_line *say,
                       void *argument) {
    bool told[BY_NAME_ROWS + 1] = {false};
    named_say_head(width, say, argument);
    for (unsigned done = 0; done < rows; done++) {
        const struct by_name_row *row, *most = NULL;
        size_t place = 0;
        for (size_t i = 0; (row = named_row(sums, i)) != NULL; i++)
            if (!told[i] && (!most || row->reserved_bytes > most->reserved_bytes)) most = row, place = i;
        if (!most) return;
        told[place] = true;
        named_say_row(most, width, say, argument);
    }
}

void named_put(FILE *out, const struct by_name *sums) {
    const struct by_name_row *row;
    fputs("\"named\": [", out);
    for (size_t i = 0; (row = named_row(sums, i)) != NULL; i++) {
        fprintf(out, "%s{\"kind\": \"%s\", \"name\": ", i ? ", " : "", by_name_kind(row));
        put_json_string(out, row->name);
        fprintf(out, ", \"count\": %zu, \"used_bytes\": %zu, \"reserved_bytes\": %zu}", row->count, row->used_bytes,
                row->reserved_bytes);
    }
    fputs("]", out);
}
