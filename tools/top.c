/* `heapalloc top`: a periodic view of a process's heap on the terminal: size, growth, classes, threads, fragmentation.
 * */
/* SPDX-License-Identifier: MIT */
#include "look.h"
#include "survey.h"
#include "target_open.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HEAPALLOC_NCURSES
#include <ncurses.h>
#endif

enum { EXIT_FINDING = 1, EXIT_USAGE = 2, BAR_CELLS = 40, ROWS_MAX = 12 };

static const char usage[] =
    "usage: heapalloc top [-d SECONDS] [-n TIMES] PID\n"
    "\n"
    "Shows a process's heap periodically, without stopping it: what is live, kept and free, how it grows, the sizes\n"
    "with the most memory, the threads' heaps, and a map of how full the memory in use is. `q` quits. If the output is "
    "not a\n"
    "terminal it is plain text, one report after the other.\n"
    "  -d SECONDS   between two reports; the default is 1\n"
    "  -n TIMES     how many reports; 0, which is the default, until `q` or the process's end\n"
    "The exit code is 0, or 1 if the process has no heap of heapalloc's, or 2 if it cannot be read.\n";

struct top {
    double seconds;
    long times;
    const char *word;
    bool screen;
    uint64_t before; /* live bytes at the last look */
    bool again;
};

/* Write a line of text to the screen or to the output. */
__attribute__((format(printf, 2, 3))) static void say(const struct top *top, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
#ifdef HEAPALLOC_NCURSES
    if (top->screen)
        vw_printw(stdscr, format, arguments);
    else
#endif
        vprintf(format, arguments);
    (void)top;
    va_end(arguments);
}

static void say_bar(const struct top *top, const struct survey *survey) {
    uint64_t all = 0;
    char bar[BAR_CELLS + 1];
    for (int state = 0; state < SURVEY_STATES; state++) all += survey->states[state].bytes;
    unsigned live = all ? (unsigned)(survey->states[0].bytes * BAR_CELLS / all) : 0;
    unsigned kept = all ? (unsigned)(survey->states[1].bytes * BAR_CELLS / all) : 0;
    for (unsigned i = 0; i < BAR_CELLS; i++) bar[i] = i < live ? '#' : i < live + kept ? '+' : '.';
    bar[BAR_CELLS] = 0;
    say(top, "  [%s]  # live  + kept  . free\n", bar);
}

/* A map of the heap's addresses: how much of each part is live. */
static void say_map(const struct top *top, const struct survey *survey) {
    static const char marks[] = ".:+#";
    char map[SURVEY_CELLS + 1];
    for (unsigned i = 0; i < SURVEY_CELLS; i++) {
        const struct survey_cell *cell = &survey->cells[i];
        map[i] = cell->used == 0 ? ' ' : marks[cell->live >= cell->used ? 3 : cell->live * 4 / cell->used];
    }
    map[SURVEY_CELLS] = 0;
    say(top, "  [%s]\n  by address, live:  . under a quarter  : a half  + three quarters  # more\n", map);
}

/* The classes with the most memory, live and free together. */
static void say_classes(const struct top *top, const struct survey *survey) {
    bool told[READER_CLASSES_MAX] = {false};
    say(top, "\n  %-8s %12s %10s %12s %6s\n", "block", "live", "blocks", "free", "full");
    for (int row = 0; row < ROWS_MAX; row++) {
        unsigned most = 0;
        uint64_t bytes = 0;
        for (unsigned class = 1; class < READER_CLASSES_MAX; class ++) {
            uint64_t sum = survey->classes[class][0].bytes + survey->classes[class][2].bytes;
            if (!told[class] && sum > bytes) bytes = sum, most = class;
        }
        if (most == 0) return;
        told[most] = true;
        const struct survey_sum *sums = survey->classes[most];
        say(top, "  %-8u %12s %10" PRIu64 " %12s %4u %%\n", survey->class_bytes[most], survey_size(sums[0].bytes),
            sums[0].blocks, survey_size(sums[2].bytes), (unsigned)(sums[0].bytes * 100 / bytes));
    }
}

static void show(struct top *top, const struct survey *survey, const struct target *target) {
    uint64_t live = survey->states[0].bytes;
    bool grew = live >= top->before;
    say(top, "%s  %s live in %" PRIu64 " blocks", target->name, survey_size(live), survey->states[0].blocks);
    if (top->again) say(top, "  %c%s", grew ? '+' : '-', survey_size(grew ? live - top->before : top->before - live));
    say(top, "\n  kept %s  free %s  largest free %s  in use and live %u %%  heaps %u, threads' %u\n",
        survey_size(survey->states[1].bytes), survey_size(survey->states[2].bytes), survey_size(survey->largest_free),
        survey_density(survey), survey->heaps, survey->heaps_live);
    say_bar(top, survey);
    say_map(top, survey);
    say_classes(top, survey);
    top->before = live;
    top->again = true;
}

/* Wait for the next refresh; false: `q` was typed. */
static bool wait_for_next(const struct top *top) {
    int wait_ms = (int)(top->seconds * 1000);
#ifdef HEAPALLOC_NCURSES
    if (top->screen) {
        timeout(wait_ms);
        return getch() != 'q';
    }
#endif
    poll(NULL, 0, wait_ms);
    return true;
}

static void begin_screen(struct top *top) {
#ifdef HEAPALLOC_NCURSES
    const char *terminal = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || !terminal || !newterm(NULL, stdout, stdin)) return;
    top->screen = true;
    cbreak();
    noecho();
    curs_set(0);
#endif
    (void)top;
}

static void look_again_and_again(struct top *top, struct target *target) {
    static struct survey survey;
    survey_take(&survey, target); /* the range of addresses, for the map */
    for (long done = 0; top->times == 0 || done < top->times; done++) {
        if (done > 0 && !wait_for_next(top)) return;
        if (kill(target->process, 0) != 0 && errno == ESRCH) return;
        if (!survey_take(&survey, target)) return;
#ifdef HEAPALLOC_NCURSES
        if (top->screen) erase();
#endif
        show(top, &survey, target);
#ifdef HEAPALLOC_NCURSES
        if (top->screen) refresh();
#endif
        fflush(stdout);
    }
}

static bool read_number(const char *text, double most, double *number) {
    char *end;
    *number = text ? strtod(text, &end) : -1;
    return text && *text && !*end && *number >= 0 && *number <= most;
}

static bool top_understand(struct top *top, int argc, char **argv) {
    double times = 0;
    bool sound = true;
    for (int i = 1; i < argc && sound; i++) {
        if (strcmp(argv[i], "-d") == 0)
            sound = read_number(argv[++i], 86400, &top->seconds) && top->seconds >= 0.01;
        else if (strcmp(argv[i], "-n") == 0)
            sound = read_number(argv[++i], 1e9, &times);
        else
            sound = argv[i][0] != '-' && !top->word && (top->word = argv[i]);
    }
    top->times = (long)times;
    return sound && top->word;
}

int top_run(int argc, char **argv) {
    static struct target target;
    struct top top = {.seconds = 1};
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (!top_understand(&top, argc, argv)) {
        fprintf(stderr, "heapalloc top: name one process; -d takes 0.01 to 86400 seconds, -n a number of times\n");
        return EXIT_USAGE;
    }
    int code = target_open_for(&target, "top", top.word);
    if (code) return code;
    if (!target.process) {
        fprintf(stderr, "heapalloc top: %s is a core file, which does not change; `heapalloc stats` shows it\n",
                top.word);
        target_close(&target);
        return EXIT_USAGE;
    }
    begin_screen(&top);
    look_again_and_again(&top, &target);
#ifdef HEAPALLOC_NCURSES
    if (top.screen) endwin();
#endif
    bool ended = kill(target.process, 0) != 0 && errno == ESRCH;
    if (ended) fprintf(stderr, "heapalloc top: process %d has ended\n", target.process);
    target_close(&target);
    return fflush(stdout) == 0 ? 0 : EXIT_FINDING;
}
