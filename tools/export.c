/* `heapalloc export`: a heap profile in another program's format. */
/* SPDX-License-Identifier: MIT */
#include "export.h"
#include "export_formats.h"
#include "profile_set.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char export_usage[] =
    "usage: heapalloc export --to=FORMAT [OPTIONS] PROFILE...\n"
    "\n"
    "Writes a heap profile, gperftools' text or pprof's protocol buffer, in another program's format. Functions and\n"
    "lines are read from debug information here. The exit code is 0, or 2 if a file cannot be read or written.\n"
    "\n"
    "  -t, --to FORMAT     pprof       for `go tool pprof`, Pyroscope, Parca and others\n"
    "                      speedscope  for speedscope.app\n"
    "                      collapsed   a line for each stack, for flamegraph.pl and others\n"
    "                      massif      for ms_print and massif-visualizer; of several profiles a snapshot each\n"
    "  -v, --value VALUE   of collapsed: live, allocated, live-blocks or allocated-blocks; the default is live\n"
    "  -o, --out FILE      write to a file, not to stdout\n"
    "  -h, --help          this text\n";

enum format { TO_NOTHING = -1, TO_PPROF, TO_SPEEDSCOPE, TO_COLLAPSED, TO_MASSIF };
static const char *const formats[] = {"pprof", "speedscope", "collapsed", "massif", NULL};
static const char *const values[] = {"live-blocks", "live", "allocated-blocks", "allocated", NULL};

struct export_wish {
    int format, value;
    const char *out;
};

static int export_wrong(const char *text, const char *word) {
    fprintf(stderr, "heapalloc export: %s%s; `heapalloc export --help` tells more\n", text, word);
    return EXIT_USAGE;
}

static int index_of(const char *const *words, const char *word) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) return i;
    return -1;
}

/* 0: go on; else the exit code, 1 more. */
static int export_options(int argc, char **argv, struct export_wish *wish) {
    static const struct option longs[] = {
        {"to", required_argument, NULL, 't'},
        {"value", required_argument, NULL, 'v'},
        {"out", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int letter; (letter = getopt_long(argc, argv, ":t:v:o:h", longs, NULL)) != -1;) {
        switch (letter) {
        case 't':
            wish->format = index_of(formats, optarg);
            if (wish->format < 0) return 1 + export_wrong("there is no format ", optarg);
            break;
        case 'v':
            wish->value = index_of(values, optarg);
            if (wish->value < 0) return 1 + export_wrong("there is no value ", optarg);
            break;
        case 'o': wish->out = optarg; break;
        case 'h': fputs(export_usage, stdout); return 1;
        case ':': return 1 + export_wrong("there is no value for ", argv[optind - 1]);
        default: return 1 + export_wrong("there is no option ", argv[optind - 1]);
        }
    }
    if (wish->format == TO_NOTHING) return 1 + export_wrong("say with --to into which format", "");
    if (optind == argc) return 1 + export_wrong("name a profile", "");
    if (argc - optind > 1 && wish->format != TO_MASSIF)
        return 1 + export_wrong("only massif takes several profiles", "");
    return 0;
}

static bool write_format(const struct profile_set *set, const struct export_wish *wish, FILE *out) {
    switch ((enum format)wish->format) {
    case TO_PPROF: return export_pprof(&set->profiles[0], out);
    case TO_SPEEDSCOPE: return export_speedscope(&set->profiles[0], profile_file_name(set->paths[0]), out);
    case TO_COLLAPSED: return export_collapsed(&set->profiles[0], (enum profile_value)wish->value, out);
    case TO_MASSIF: return export_massif(set->profiles, set->count, out);
    default: return false;
    }
}

int export_run(int argc, char **argv) {
    struct export_wish wish = {.format = TO_NOTHING, .value = LIVE_BYTES};
    struct profile_set set;
    struct output output;
    int code = export_options(argc, argv, &wish);
    if (code) return code - 1;
    bool good = profile_set_read(&set, "export", argv + optind, (size_t)(argc - optind));
    if (good) good = output_open(&output, "export", wish.out);
    if (good) {
        bool whole = write_format(&set, &wish, output.file);
        if (!whole) fprintf(stderr, "heapalloc export: there is not enough memory\n");
        good = output_close(&output, "export", whole);
    }
    profile_set_free(&set);
    return good ? 0 : EXIT_USAGE;
}
