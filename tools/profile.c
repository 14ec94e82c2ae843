/* `heapalloc profile` and `heapalloc leaks`: a program under the profiler, and a table when it has ended. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "profile.h"
#include "library.h"
#include "lost.h"
#include "profile_file.h"
#include "sites.h"
#include "target_open.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EXIT_FINDING = 1,
    EXIT_USAGE = 2,
    EXIT_CANNOT_RUN = 126,
    EXIT_NOT_FOUND = 127,
    ROWS = 20,
    SIGNALED = 128,
    PATH_BYTES = 96
};

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

static const char leaks_usage[] =
    "usage: heapalloc leaks [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
    "       heapalloc leaks [OPTIONS] --process PID|CORE\n"
    "\n"
    "Runs a program and then prints the blocks that nothing pointed to at its end, by who allocated them. The exit "
    "code\n"
    "is 1 if there are any, else the program's; 127 if there is no such program, 126 if it cannot be run.\n"
    "With --process searches a process, which is stopped meanwhile, or a core file. Who allocated is known if its\n"
    "profiler was on: of each block with profile_bytes=1. The exit code is 1 if there are leaks, 2 if it cannot be\n"
    "read.\n"
    "\n"
    "  -n, --rows N            print so many rows; the default is 20\n"
    "  -p, --process PID|CORE  a process that runs, or a core file\n"
    "  -h, --help              this text\n";

struct wish {
    const char *command, *usage, *bytes, *out, *process;
    int rows;
    bool by_allocated;
    pid_t child;
};

static int profile_wrong(const struct wish *wish, const char *text, const char *word) {
    fprintf(stderr, "heapalloc %s: %s%s; `heapalloc %s --help` tells more\n", wish->command, text, word, wish->command);
    return EXIT_USAGE;
}

/* False: the exit code is in *code. */
static bool profile_read_options(int argc, char **argv, struct wish *wish, int *code) {
    static const struct option longs[] = {
        {"rows", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {"bytes", required_argument, NULL, 'b'},
        {"allocated", no_argument, NULL, 'a'},
        {"out", required_argument, NULL, 'o'},
        {"process", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    bool profiles = wish->usage == profile_usage;
    *code = EXIT_USAGE;
    for (int letter; (letter = getopt_long(argc, argv, profiles ? "+:n:hb:ao:" : "+:n:hp:", longs, NULL)) != -1;) {
        if (strchr(profiles ? "p" : "bao", letter)) letter = '?';
        switch (letter) {
        case 'b': wish->bytes = optarg; break;
        case 'a': wish->by_allocated = true; break;
        case 'o': wish->out = optarg; break;
        case 'p': wish->process = optarg; break;
        case 'n': wish->rows = atoi(optarg); break;
        case 'h':
            fputs(wish->usage, stdout);
            *code = 0;
            return false;
        case ':': return profile_wrong(wish, "there is no value for ", argv[optind - 1]), false;
        default: return profile_wrong(wish, "there is no option ", argv[optind - 1]), false;
        }
    }
    if (wish->rows <= 0) return profile_wrong(wish, "--rows takes a number above 0", ""), false;
    if (wish->bytes[strspn(wish->bytes, "0123456789KMkm")])
        return profile_wrong(wish, "these are no bytes: ", wish->bytes), false;
    if (wish->process && optind < argc)
        return profile_wrong(wish, "with --process there is no program to run: ", argv[optind]), false;
    if (optind == argc && !wish->process) return profile_wrong(wish, "there is no program to run", ""), false;
    return true;
}

/* Run the program with these options, and wait for it. Returns its exit code; -1: it did not run, *code says why. */
static int run_child(struct wish *wish, char **words, const char *options, int *code) {
    char library[PATH_MAX], program[PATH_MAX];
    int status;
    *code = EXIT_CANNOT_RUN;
    if (!library_find("libheapalloc.so", library, sizeof(library)))
        return fprintf(stderr,
                       "heapalloc %s: cannot find libheapalloc.so; HEAPALLOC_LIBRARY=PATH may say where it is\n",
                       wish->command),
               -1;
    if (!library_find_program(words[0], program, sizeof(program))) {
        fprintf(stderr, "heapalloc %s: there is no program %s\n", wish->command, words[0]);
        *code = EXIT_NOT_FOUND;
        return -1;
    }
    const char *refusal = library_refusal(program);
    if (refusal) return fprintf(stderr, "heapalloc %s: %s %s\n", wish->command, program, refusal), -1;
    pid_t child = wish->child = fork();
    if (child == 0) {
        if (library_preload(library, options)) execv(program, words);
        fprintf(stderr, "heapalloc %s: cannot run %s: %s\n", wish->command, program, strerror(errno));
        _exit(EXIT_CANNOT_RUN);
    }
    signal(SIGINT, SIG_IGN); /* the terminal sends it to both */
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (child < 0) return fprintf(stderr, "heapalloc %s: cannot fork: %s\n", wish->command, strerror(errno)), -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALED + WTERMSIG(status);
}

/* A folder for what the library writes: PID.profile and PID.report, of the program and of those that it starts. */
struct folder {
    char path[64];
};

static bool make_folder(struct folder *folder, const struct wish *wish) {
    const char *parent = getenv("TMPDIR");
    if (!parent || strlen(parent) > sizeof(folder->path) - sizeof("/heapalloc.XXXXXX")) parent = "/tmp";
    snprintf(folder->path, sizeof(folder->path), "%s/heapalloc.XXXXXX", parent);
    if (mkdtemp(folder->path)) return true;
    fprintf(stderr, "heapalloc %s: cannot make the folder %s: %s\n", wish->command, folder->path, strerror(errno));
    return false;
}

static void drop_folder(const struct folder *folder) {
    DIR *files = opendir(folder->path);
    for (struct dirent *file; files && (file = readdir(files));) unlinkat(dirfd(files), file->d_name, 0);
    if (files) closedir(files);
    rmdir(folder->path);
}

static void path_in(const struct folder *folder, const struct wish *wish, const char *kind, char *path, size_t bytes) {
    snprintf(path, bytes, "%s/%ld.%s", folder->path, (long)wish->child, kind);
}

static int nothing_written(const struct wish *wish, int code) {
    fprintf(stderr, "heapalloc %s: the program wrote nothing: a signal or _exit ended it, or it allocated too little\n",
            wish->command);
    return code;
}

/* False: it could not be kept, which was said. */
static bool profile_keep(const char *from, const char *path) {
    FILE *profile = fopen(from, "r"), *out = fopen(path, "w");
    for (int letter; profile && out && (letter = getc(profile)) != EOF;) putc(letter, out);
    if (profile) fclose(profile);
    if (out && fclose(out) == 0) return true;
    fprintf(stderr, "heapalloc profile: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

static int print_profile(const struct wish *wish, const char *path, int ended) {
    struct heap_profile profile;
    struct names names = {0};
    if (access(path, F_OK) != 0) return nothing_written(wish, ended);
    bool kept = !wish->out || profile_keep(path, wish->out);
    bool good = profile_file_read(&profile, &names, path) && sites_print(&profile, wish->rows, wish->by_allocated);
    if (!good) fprintf(stderr, "heapalloc profile: %s\n", profile.fault);
    heap_profile_free(&profile);
    names_free(&names);
    return kept && good ? ended : EXIT_USAGE;
}

int profile_run(int argc, char **argv) {
    struct wish wish = {.command = argv[0], .usage = profile_usage, .bytes = "512K", .rows = ROWS};
    struct folder folder;
    char options[256];
    int code = EXIT_CANNOT_RUN;
    if (!profile_read_options(argc, argv, &wish, &code)) return code;
    if (!make_folder(&folder, &wish)) return EXIT_CANNOT_RUN;
    snprintf(options, sizeof(options), "profile=%s/%%p.profile,profile_bytes=%.32s", folder.path, wish.bytes);
    int ended = run_child(&wish, argv + optind, options, &code);
    if (ended >= 0) {
        char path[PATH_BYTES];
        path_in(&folder, &wish, "profile", path, sizeof(path));
        code = print_profile(&wish, path, ended);
    }
    drop_folder(&folder);
    return code;
}

/* Print the report, in which the profile's modules name functions. */
static int print_leaks(const struct wish *wish, const struct folder *folder, int ended) {
    char path[PATH_BYTES];
    struct heap_profile profile;
    struct names names = {0};
    path_in(folder, wish, "report", path, sizeof(path));
    FILE *report = fopen(path, "r");
    if (!report) return nothing_written(wish, ended);
    path_in(folder, wish, "profile", path, sizeof(path));
    bool known = profile_file_read(&profile, &names, path);
    int code = sites_name(report, known ? &profile : NULL, wish->rows) ? EXIT_FINDING : ended;
    heap_profile_free(&profile);
    names_free(&names);
    fclose(report);
    return code;
}

static void say_line(const char *line, void *argument) {
    (void)argument;
    puts(line);
}

/* What a process or a core file has lost. */
static int search_target(const struct wish *wish) {
    static struct target target;
    struct lost lost;
    struct names names = {0};
    int code = target_open_for(&target, wish->command, wish->process);
    if (code) return code;
    if (lost_find(&lost, &target, &names)) {
        printf("%s: ", target.name);
        lost_tell(&lost, wish->rows, say_line, NULL);
        code = lost.lost_blocks > 0 ? EXIT_FINDING : 0;
    } else {
        fprintf(stderr, "heapalloc leaks: %s\n", target.why);
        code = EXIT_USAGE;
    }
    lost_free(&lost);
    names_free(&names);
    target_close(&target);
    return fflush(stdout) == 0 ? code : EXIT_USAGE;
}

int leaks_run(int argc, char **argv) {
    struct wish wish = {.command = argv[0], .usage = leaks_usage, .bytes = "1", .rows = ROWS};
    struct folder folder;
    char options[256];
    int code;
    if (!profile_read_options(argc, argv, &wish, &code)) return code;
    if (wish.process) return search_target(&wish);
    if (!make_folder(&folder, &wish)) return EXIT_CANNOT_RUN;
    snprintf(options, sizeof(options), "leaks=full,stats=%s/%%p.report,profile=%s/%%p.profile", folder.path,
             folder.path);
    int ended = run_child(&wish, argv + optind, options, &code);
    if (ended >= 0) code = print_leaks(&wish, &folder, ended);
    drop_folder(&folder);
    return code;
}
