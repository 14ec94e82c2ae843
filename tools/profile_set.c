/* The profiles that a command is given, and its output. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile_set.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dated {
    struct heap_profile profile;
    const char *path;
};

static int order_times(const void *left, const void *right) {
    const struct dated *one = left, *other = right;
    if (one->profile.time_ns != other->profile.time_ns) return one->profile.time_ns > other->profile.time_ns ? 1 : -1;
    return strverscmp(one->path, other->path);
}

static bool set_fail(const char *command, const char *fault) {
    fprintf(stderr, "heapalloc %s: %s\n", command, fault);
    return false;
}

static void sort_by_time(struct profile_set *set, struct dated *dated) {
    for (size_t i = 0; i < set->count; i++) dated[i] = (struct dated){set->profiles[i], set->paths[i]};
    qsort(dated, set->count, sizeof(*dated), order_times);
    for (size_t i = 0; i < set->count; i++) {
        set->profiles[i] = dated[i].profile;
        set->paths[i] = dated[i].path;
    }
}

bool profile_set_read(struct profile_set *set, const char *command, char **paths, size_t count) {
    *set = (struct profile_set){.profiles = calloc(count + 1, sizeof(*set->profiles)),
                                .paths = calloc(count + 1, sizeof(*set->paths))};
    struct dated *dated = calloc(count + 1, sizeof(*dated));
    bool good = set->profiles && set->paths && dated;
    if (!good) set_fail(command, "there is not enough memory");
    while (good && set->count < count) {
        struct heap_profile *profile = &set->profiles[set->count];
        set->paths[set->count] = paths[set->count];
        good = profile_file_read(profile, &set->names, paths[set->count]) && profile_name(profile);
        if (!good) set_fail(command, profile->fault);
        set->count++;
    }
    if (good) sort_by_time(set, dated);
    free(dated);
    return good;
}

void profile_set_free(struct profile_set *set) {
    for (size_t i = 0; i < set->count; i++) heap_profile_free(&set->profiles[i]);
    free(set->profiles);
    free(set->paths);
    names_free(&set->names);
}

/* ---- output ---- */

static bool cannot_write(const char *command, const char *path) {
    fprintf(stderr, "heapalloc %s: cannot write %s: %s\n", command, path ? path : "the output", strerror(errno));
    return false;
}

bool output_open(struct output *output, const char *command, const char *path) {
    struct stat about;
    *output = (struct output){.file = stdout, .path = path};
    if (!path) return true;
    bool plain = stat(path, &about) != 0 || S_ISREG(about.st_mode);
    if (plain && asprintf(&output->beside, "%s.%ld.new", path, (long)getpid()) < 0) output->beside = NULL;
    output->file = fopen(output->beside ? output->beside : path, "w");
    if (output->file) return true;
    cannot_write(command, path);
    free(output->beside);
    return false;
}

bool output_close(struct output *output, const char *command, bool good) {
    bool written = !ferror(output->file);
    written &= (output->path ? fclose(output->file) : fflush(output->file)) == 0;
    if (good && written && output->beside) written = rename(output->beside, output->path) == 0;
    if (good && !written) cannot_write(command, output->path);
    if (output->beside && !(good && written)) unlink(output->beside);
    free(output->beside);
    return good && written;
}
