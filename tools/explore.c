/* `heapalloc explore`: the shell over a private heap, on a terminal or from a script. */
/* SPDX-License-Identifier: MIT */
#include "explore.h"
#include "family.h"
#include "guard.h"
#include "inspect/shell.h"
#include "lines.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: heapalloc explore [< SCRIPT]\n"
                            "\n"
                            "A shell over a private heap: it allocates and frees, shows blocks and lists,\n"
                            "overwrites them, and checks the heap. `help` lists the commands. On a terminal\n"
                            "lines can be edited (libedit), the arrow keys go back in history and Tab\n"
                            "completes a command. A script's lines are printed with their answers; #\n"
                            "begins a comment.\n"
                            "\n"
                            "The exit code is the one given to `exit`, else 1 if a line of a script failed,\n"
                            "else 0.\n";

static void write_out(const char *text, size_t length) {
    fwrite(text, 1, length, stdout);
}

static bool terminal_has_colour(void) {
    const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0 && !(refused && *refused);
}

static int explore(bool interactive) {
    static struct shell shell;
    struct shell_platform world = {.write = write_out,
                                   .alloc = family_malloc,
                                   .resize = family_realloc,
                                   .free = family_free,
                                   .load = guard_load,
                                   .store = guard_store,
                                   .attempt = guard_attempt,
                                   .colour = terminal_has_colour()};
    const char *line;
    guard_begin();
    shell_begin(&shell, &world);
    lines_open(&shell, interactive);
    while (!shell.exits && (line = lines_read())) {
        shell_line(&shell, line);
        fflush(stdout);
    }
    lines_close();
    shell_end(&shell);
    /* Typing errors in an interactive session are no failure. */
    int code = interactive && !shell.has_code ? 0 : (int)(shell_code(&shell) & 0xff);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("heapalloc: standard output");
        return 1;
    }
    return code;
}

int explore_run(int argc, char **argv) {
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1) {
        fprintf(stderr, "heapalloc: explore takes no argument `%s`; a script is read from standard input\n", argv[1]);
        return 2;
    }
    return explore(isatty(STDIN_FILENO));
}
