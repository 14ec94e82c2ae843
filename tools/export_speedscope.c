/* Heap profiles as speedscope's JSON. */
/* SPDX-License-Identifier: MIT */
#include "export_formats.h"
#include "json_text.h"
#include <inttypes.h>
#include <stdlib.h>

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
    const struct profile_line *lines[EXPORT_FUNCTIONS_MAX];
    const char *comma = "";
    fputs("\"samples\":[", out);
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct profile_sample *sample = &profile->samples[i];
        size_t count = heap_profile_functions(profile, sample, lines, EXPORT_FUNCTIONS_MAX);
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
