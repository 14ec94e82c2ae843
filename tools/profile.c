/* `heapalloc profile`: a program under the profiler, and a table of who allocated when it has ended. */
/* SPDX-License-Identifier: MIT */
#include "profile.h"
#include "profile_child.h"
#include "profile_file.h"
#include "sites.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char profile_usage[] =
    "usage: heapalloc profile [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
    "\n"
    "Runs a program and then prints who allocated: what was live at its end, and all that was allocated. The exit "
    "code\n"
    "is the program's, 128 and more if a signal ended it, 127 if there is no such program, 126 if it cannot be run.\n"
    "\n"
    "  -b, --bytes N     a sample in N bytes, such as 64K; the default is 512K, and 1 is every allocation\n"
    "  -a, --allocated   order by all that was allocated, not by what is live\n"
    "  -n, --rows N      print so many rows; the default is 20\n"
    "  -o, --out FILE    keep the profile, as text that google-pprof and `go tool pprof` read\n"
    "  -h, --help        this text\n";

/* False: it could not be kept, which was said. */
static bool profile_keep(const char *from, const char *path) {
    FILE *profile = fopen(from, "r"), *out = fopen(path, "w");
    for (int letter; profile && out && (letter = getc(profile)) != EOF;) putc(letter, out);
    if (profile) fclose(profile);
    if (out && fclose(out) == 0) return true;
    fprintf(stderr, "heapalloc profile: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

static int print_profile(const struct profile_wish *wish, const char *path, int ended) {
    struct heap_profile profile;
    struct names names = {0};
    if (access(path, F_OK) != 0) return profile_nothing_written(wish, ended);
    bool kept = !wish->out || profile_keep(path, wish->out);
    bool good = profile_file_read(&profile, &names, path) && sites_print(&profile, wish->rows, wish->by_allocated);
    if (!good) fprintf(stderr, "heapalloc profile: %s\n", profile.fault);
    heap_profile_free(&profile);
    names_free(&names);
    return kept && good ? ended : PROFILE_EXIT_USAGE;
}

int profile_run(int argc, char **argv) {
    struct profile_wish wish = {
        .command = argv[0], .usage = profile_usage, .letters = "+:n:hb:ao:", .bytes = "512K", .rows = PROFILE_ROWS};
    struct profile_folder folder;
    char options[256];
    int code = PROFILE_CANNOT_RUN;
    if (!profile_read_options(argc, argv, &wish, &code)) return code;
    if (!profile_make_folder(&folder, &wish)) return PROFILE_CANNOT_RUN;
    snprintf(options, sizeof(options), "profile=%s/%%p.profile,profile_bytes=%.32s", folder.path, wish.bytes);
    int ended = profile_run_child(&wish, argv + optind, options, &code);
    if (ended >= 0) {
        char path[PROFILE_PATH_BYTES];
        profile_path(&folder, &wish, "profile", path, sizeof(path));
        code = print_profile(&wish, path, ended);
    }
    profile_drop_folder(&folder);
    return code;
}
