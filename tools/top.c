/* `heapalloc top`: a periodic view of a process's heap on the terminal: size, growth, classes, threads, fragmentation.
 * */
/* SPDX-License-Identifier: MIT */
#include "look.h"
#include "target_open.h"
#include "top_frame.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HEAPALLOC_NCURSES
#include <ncurses.h>
#endif

enum { EXIT_FINDING = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: heapalloc top [-d SECONDS] [-n TIMES] PID\n"
    "\n"
    "Shows a process's heap periodically, without stopping it: what is live, kept and free, how it grows, the sizes\n"
    "with the most memory, the threads' heaps, the pools and arenas that have names, and a map of how full the memory\n"
    "in use is. `q` quits. If the output is not a terminal it is plain text, one report after the other.\n"
    "  -d SECONDS   between two reports; the default is 1\n"
    "  -n TIMES     how many reports; 0, which is the default, until `q` or the process's end\n"
    "The exit code is 0, or 1 if the process has no heap of heapalloc's, or 2 if it cannot be read.\n";

struct top {
    double seconds;
    long times;
    const char *word;
    bool screen;
    struct growth growth; /* since the last look */
};

/* Show a look on the screen, or write it to the output. */
static void show(struct top *top, const struct frame_look *look, const struct target *target) {
    static struct frame frame;
    frame.columns = FRAME_COLUMNS;
    frame.rows = FRAME_LINES;
#ifdef HEAPALLOC_NCURSES
    if (top->screen) {
        frame.columns = (unsigned)COLS;
        frame.rows = (unsigned)LINES;
        erase();
    }
#endif
    frame_make(&frame, look, target->name, &top->growth);
    for (unsigned i = 0; i < frame.count; i++) {
#ifdef HEAPALLOC_NCURSES
        if (top->screen)
            mvaddstr((int)i, 0, frame.lines[i]);
        else
#endif
            puts(frame.lines[i]);
    }
#ifdef HEAPALLOC_NCURSES
    if (top->screen) refresh();
#endif
    fflush(stdout);
}

static void note_growth(struct top *top, const struct frame_look *look) {
    top->growth = (struct growth){look->survey.states[0].bytes, true};
}

/* Wait for the next refresh; false: `q` was typed. A screen that was resized is drawn again at once. */
static bool wait_for_next(struct top *top, const struct frame_look *look, const struct target *target) {
    int wait_ms = (int)(top->seconds * 1000);
    (void)look, (void)target;
#ifdef HEAPALLOC_NCURSES
    if (top->screen) {
        int letter;
        timeout(wait_ms);
        while ((letter = getch()) == KEY_RESIZE) show(top, look, target);
        return letter != 'q';
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
    keypad(stdscr, TRUE);
#endif
    (void)top;
}

static void look_again_and_again(struct top *top, struct target *target) {
    static struct frame_look look;
    for (long done = 0; top->times == 0 || done < top->times; done++) {
        if (done > 0 && !wait_for_next(top, &look, target)) return;
        if (kill(target->process, 0) != 0 && errno == ESRCH) return;
        if (!survey_take(&look.survey, target)) return;
        named_read(target, &look.named); /* a part, where names come and go: the next look has others */
        show(top, &look, target);
        note_growth(top, &look);
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
