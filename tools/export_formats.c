/* Heap profiles as text of other programs. */
/* SPDX-License-Identifier: MIT */
#include "export_formats.h"
#include "call_tree.h"
#include "profile_file.h"
#include <inttypes.h>
#include <stdlib.h>

enum { FUNCTIONS_MAX = 4 * PROFILE_DEPTH_MAX };

int64_t whole_number(double number) {
    if (!(number >= 0)) return 0;
    return number < 9.2e18 ? (int64_t)(number + 0.5) : INT64_MAX;
}

/* The bytes of the UTF-8 character at `text`, if it is well-formed; else 0. */
static size_t character_bytes(const unsigned char *text) {
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] >= 0x80 && (text[0] < 0xc2 || text[0] > 0xf4)) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool beyond = (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return overlong || beyond ? 0 : bytes;
}

/* The end of a page's script is written as an escape, as are the characters that begin a tag or a character entity. */
void put_json_string(FILE *out, const char *text) {
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t bytes = character_bytes(at);
        if (bytes == 0)
            fputs("\\ufffd", out), at++;
        else if (bytes == 1 &&
                 (*at < ' ' || *at == '"' || *at == '\\' || *at == '<' || *at == '>' || *at == '&' || *at == 0x7f))
            fprintf(out, "\\u%04x", *at++);
        else
            for (; bytes > 0; bytes--) putc(*at++, out);
    }
    putc('"', out);
}

/* ---- collapsed ---- */

/* A semicolon or the end of a line would end the name. */
static void put_plain(FILE *out, const char *text) {
    for (; *text; text++) putc(*text == ';' ? ',' : (unsigned char)*text < ' ' ? '?' : *text, out);
}

bool export_collapsed(const struct heap_profile *profile, enum profile_value value, FILE *out) {
    const struct profile_line *lines[FUNCTIONS_MAX];
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct profile_sample *sample = &profile->samples[i];
        size_t count = heap_profile_functions(profile, sample, lines, FUNCTIONS_MAX);
        int64_t number = whole_number(sample->values[value]);
        if (number == 0 || count == 0) continue;
        while (count > 0) {
            put_plain(out, names_text(profile->names, lines[--count]->function));
            putc(count ? ';' : ' ', out);
        }
        fprintf(out, "%" PRId64 "\n", number);
    }
    return true;
}

/* ---- speedscope ---- */

/* The frames of a file: a function and its file, in the order of their numbers. */
struct frames {
    struct number_map numbers;
    const struct profile_line **lines;
    size_t count, room;
};

static uint32_t frame_of(struct frames *frames, const struct profile_line *line) {
    uint64_t key = (uint64_t)line->function << 32 | line->file;
    uint32_t number = number_map_find(&frames->numbers, key);
    if (number != NUMBER_NONE) return number;
    const struct profile_line **lines = array_grow(frames->lines, frames->count, &frames->room, sizeof(*lines));
    if (!lines) return NUMBER_NONE;
    frames->lines = lines;
    number = (uint32_t)frames->count;
    if (!number_map_add(&frames->numbers, key, number)) return NUMBER_NONE;
    frames->lines[frames->count++] = line;
    return number;
}

static bool put_samples(const struct heap_profile *profile, struct frames *frames, enum profile_value value,
                        FILE *out) {
    const struct profile_line *lines[FUNCTIONS_MAX];
    const char *comma = "";
    fputs("\"samples\":[", out);
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct profile_sample *sample = &profile->samples[i];
        size_t count = heap_profile_functions(profile, sample, lines, FUNCTIONS_MAX);
        if (whole_number(sample->values[value]) == 0) continue;
        fprintf(out, "%s[", comma);
        comma = ",\n";
        while (count > 0) {
            uint32_t frame = frame_of(frames, lines[--count]);
            if (frame == NUMBER_NONE) return false;
            fprintf(out, "%u%s", frame, count ? "," : "");
        }
        putc(']', out);
    }
    return true;
}

static void put_weights(const struct heap_profile *profile, enum profile_value value, FILE *out) {
    const char *comma = "";
    int64_t sum = 0;
    fputs("],\"weights\":[", out);
    for (size_t i = 0; i < profile->sample_count; i++) {
        int64_t number = whole_number(profile->samples[i].values[value]);
        if (number == 0) continue;
        fprintf(out, "%s%" PRId64, comma, number);
        comma = ",";
        if (__builtin_add_overflow(sum, number, &sum)) sum = INT64_MAX;
    }
    fprintf(out, "],\"startValue\":0,\"endValue\":%" PRId64 "}", sum);
}

bool export_speedscope(const struct heap_profile *profile, const char *name, FILE *out) {
    static const struct {
        const char *name;
        enum profile_value value;
    } views[] = {{"live bytes", LIVE_BYTES}, {"allocated bytes", ALL_BYTES}};
    struct frames frames = {0};
    bool good = true;
    fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"heapalloc\",\"name\":",
          out);
    put_json_string(out, name);
    fputs(",\"activeProfileIndex\":0,\"profiles\":[", out);
    for (int i = 0; i < 2 && good; i++) {
        fprintf(out, "%s{\"type\":\"sampled\",\"name\":\"%s\",\"unit\":\"bytes\",", i ? ",\n" : "", views[i].name);
        good = put_samples(profile, &frames, views[i].value, out);
        put_weights(profile, views[i].value, out);
    }
    fputs("],\n\"shared\":{\"frames\":[", out);
    for (size_t i = 0; i < frames.count; i++) {
        const char *file = names_text(profile->names, frames.lines[i]->file);
        fputs(i ? ",\n{\"name\":" : "{\"name\":", out);
        put_json_string(out, names_text(profile->names, frames.lines[i]->function));
        if (*file) fputs(",\"file\":", out), put_json_string(out, file);
        putc('}', out);
    }
    fputs("]}}\n", out);
    number_map_free(&frames.numbers);
    free(frames.lines);
    return good;
}

/* ---- massif ---- */

enum { INDENT_MAX = 60 };

/* Children of less than one percent of the snapshot are summed up, as massif does. */
static bool is_small(const struct call_node *node, double all) {
    return node->values[LIVE_BYTES] * 100 < all || node->values[LIVE_BYTES] == 0;
}

static void put_node(const struct heap_profile *profile, const struct call_tree *tree, uint32_t at, unsigned depth,
                     FILE *out) {
    const struct call_node *node = &tree->nodes[at];
    double all = tree->nodes[0].values[LIVE_BYTES], small = 0;
    size_t small_count = 0, count = 0;
    for (uint32_t child = node->child; child != NUMBER_NONE; child = tree->nodes[child].next) {
        bool sums_up = is_small(&tree->nodes[child], all);
        count += !sums_up;
        small_count += sums_up && tree->nodes[child].values[LIVE_BYTES] > 0;
        small += sums_up ? tree->nodes[child].values[LIVE_BYTES] : 0;
    }
    fprintf(out, "%*sn%zu: %" PRId64 " ", depth < INDENT_MAX ? (int)depth : INDENT_MAX, "", count + (small_count > 0),
            whole_number(node->values[LIVE_BYTES]));
    const char *file = names_text(profile->names, node->line.file);
    if (at == 0) {
        fputs("(heap allocation functions) malloc/new/new[], --alloc-fns, etc.", out);
    } else {
        fputs("0x0: ", out); /* an address is expected; functions that were inlined have none of their own */
        put_plain(out, names_text(profile->names, node->line.function));
        if (*file) fprintf(out, " (%s:%u)", profile_file_name(file), node->line.number);
    }
    putc('\n', out);
    for (uint32_t child = node->child; child != NUMBER_NONE; child = tree->nodes[child].next)
        if (!is_small(&tree->nodes[child], all)) put_node(profile, tree, child, depth + 1, out);
    if (small_count > 0)
        fprintf(out, "%*sn0: %" PRId64 " in %zu places, all below massif's threshold (1.00%%)\n",
                depth < INDENT_MAX ? (int)depth + 1 : INDENT_MAX, "", whole_number(small), small_count);
}

static bool put_snapshot(const struct heap_profile *profile, size_t index, int64_t ms, FILE *out) {
    struct call_tree tree;
    bool good = call_tree_make(&tree, profile, TREE_FROM_SITE) && call_tree_sort(&tree, LIVE_BYTES);
    fprintf(out,
            "#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRId64 "\nmem_heap_B=%" PRId64
            "\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
            index, ms, whole_number(heap_profile_sum(profile, LIVE_BYTES)), good ? "detailed" : "empty");
    if (good) put_node(profile, &tree, 0, 0, out);
    call_tree_free(&tree);
    return good;
}

bool export_massif(const struct heap_profile *profiles, size_t count, FILE *out) {
    bool good = true;
    const struct heap_profile *first = &profiles[0];
    fputs("desc: from heapalloc's profiles\ncmd: ", out);
    put_plain(out, first->module_count ? names_text(first->names, first->modules[0].path) : "unknown");
    fputs("\ntime_unit: ms\n", out);
    for (size_t i = 0; i < count && good; i++) {
        uint64_t passed = profiles[i].time_ns - first->time_ns;
        good =
            put_snapshot(&profiles[i], i, profiles[i].time_ns >= first->time_ns ? (int64_t)(passed / 1000000) : 0, out);
    }
    return good;
}
