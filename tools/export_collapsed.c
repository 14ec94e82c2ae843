/* Heap profiles as collapsed stacks, a line each. */
/* SPDX-License-Identifier: MIT */
#include "export_formats.h"
#include "json_text.h"
#include <inttypes.h>

bool export_collapsed(const struct heap_profile *profile, enum profile_value value, FILE *out) {
    const struct profile_line *lines[EXPORT_FUNCTIONS_MAX];
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct profile_sample *sample = &profile->samples[i];
        size_t count = heap_profile_functions(profile, sample, lines, EXPORT_FUNCTIONS_MAX);
        int64_t number = whole_number(sample->values[value]);
        if (number == 0 || count == 0) continue;
        while (count > 0) {
            export_put_name(out, names_text(profile->names, lines[--count]->function));
            putc(count ? ';' : ' ', out);
        }
        fprintf(out, "%" PRId64 "\n", number);
    }
    return true;
}
