/* `heapalloc leaks`: the blocks that nothing points to, of a program at its end, or of a process. */
/* SPDX-License-Identifier: MIT */
#include "leaks.h"
#include "lost.h"
#include "profile_child.h"
#include "profile_file.h"
#include "sites.h"
#include "target_open.h"
#include <stdio.h>
#include <unistd.h>

enum { EXIT_FINDING = 1 };

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

/* Print the report, in which the profile's modules name functions. */
static int print_leaks(const struct profile_wish *wish, const struct profile_folder *folder, int ended) {
    char path[PROFILE_PATH_BYTES];
    struct heap_profile profile;
    struct names names = {0};
    profile_path(folder, wish, "report", path, sizeof(path));
    FILE *report = fopen(path, "r");
    if (!report) return profile_nothing_written(wish, ended);
    profile_path(folder, wish, "profile", path, sizeof(path));
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
static int search_target(const struct profile_wish *wish) {
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
        code = PROFILE_EXIT_USAGE;
    }
    lost_free(&lost);
    names_free(&names);
    target_close(&target);
    return fflush(stdout) == 0 ? code : PROFILE_EXIT_USAGE;
}

int leaks_run(int argc, char **argv) {
    struct profile_wish wish = {
        .command = argv[0], .usage = leaks_usage, .letters = "+:n:hp:", .bytes = "1", .rows = PROFILE_ROWS};
    struct profile_folder folder;
    char options[256];
    int code;
    if (!profile_read_options(argc, argv, &wish, &code)) return code;
    if (wish.process) return search_target(&wish);
    if (!profile_make_folder(&folder, &wish)) return PROFILE_CANNOT_RUN;
    snprintf(options, sizeof(options), "leaks=full,stats=%s/%%p.report,profile=%s/%%p.profile", folder.path,
             folder.path);
    int ended = profile_run_child(&wish, argv + optind, options, &code);
    if (ended >= 0) code = print_leaks(&wish, &folder, ended);
    profile_drop_folder(&folder);
    return code;
}
