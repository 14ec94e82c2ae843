/* `heapalloc explore`: the shell over a private heap, on a terminal or from a script. */
/* SPDX-License-Identifier: MIT */
#include "explore.h"
#include "family.h"
#include "guard.h"
#include "lines.h"
#include "process.h"
#include "remote.h"
#include "shell/shell.h"
#include "target_open.h"
#include "wrap.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: heapalloc explore [PID|CORE] [< SCRIPT]\n"
                            "\n"
                            "A shell over a private heap: it allocates and frees, shows blocks and lists,\n"
                            "overwrites them, and checks the heap. With PID or CORE a shell over the heap of\n"
                            "a process, which goes on, or of a core file: it is only read. `help` lists the\n"
                            "commands, and `visualize --html FILE` writes a page. On a terminal\n"
                            "lines can be edited (libedit), the arrow keys go back in history and Tab\n"
                            "completes a command. A script's lines are printed with their answers; #\n"
                            "begins a comment.\n"
                            "\n"
                            "The exit code is the one given to `exit`, else 1 if a line of a script failed,\n"
                            "else 0; 1 if a process or core file has no heap of heapalloc's, 2 if it\n"
                            "cannot be read.\n";

static bool terminal_has_colour(void) {
    const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0 && !(refused && *refused);
}

/* ---- over a private heap ---- */

/* A page about the private heap is made as one about a process's, which is this one. */
static void visualize(struct shell *shell) {
    static struct target own;
    own.process = getpid();
    snprintf(own.name, sizeof(own.name), "the explorer's heap");
    if (shell->word_count > 1 && strcmp(shell->words[1], "--html") == 0 &&
        reader_open(&own.reader, process_read, &own, (uintptr_t)&heapalloc_map) != NULL)
        shell_fail(shell, "the heap cannot be read as another process's can\n");
    else if (!remote_page(shell, &own))
        shell_visualize(shell);
}

static const struct shell_command own_commands[] = {
    {"visualize", "[--html FILE | PLACE [BYTES]]",
     "a picture of the heap; of the slab or extent at PLACE; of so many BYTES from there; --html: as a page", visualize,
     0, 2},
};

static const struct shell_platform own_platform = {
    .write = wrap_write,
    .alloc = family_malloc,
    .resize = family_realloc,
    .free = family_free,
    .load = guard_load,
    .store = guard_store,
    .attempt = guard_attempt,
    .commands = own_commands,
    .command_count = sizeof(own_commands) / sizeof(own_commands[0]),
};

/* ---- the session ---- */

static int explore(struct shell_platform *platform, const char *what, bool interactive) {
    static struct shell shell;
    const char *line;
    platform->colour = terminal_has_colour();
    guard_begin();
    shell_begin(&shell, platform);
    lines_open(&shell, what, interactive);
    while (!shell.exits && (line = lines_read())) {
        platform->columns = wrap_measure();
        shell_line(&shell, line);
        wrap_end();
        fflush(stdout);
    }
    lines_close();
    shell_end(&shell);
    wrap_end();
    /* Typing errors in an interactive session are no failure. */
    int code = interactive && !shell.has_code ? 0 : (int)(shell_code(&shell) & 0xff);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("heapalloc: standard output");
        return 1;
    }
    return code;
}

static int explore_target(const char *word, bool interactive) {
    static struct target target;
    struct shell_platform platform = {.write = wrap_write,
                                      .load = remote_load,
                                      .attempt = guard_attempt,
                                      .commands = remote_commands,
                                      .command_count = remote_command_count,
                                      .places = remote_places};
    char what[sizeof(target.name) + 32];
    int code = target_open_for(&target, "explore", word);
    if (code) return code;
    remote_begin(&target);
    snprintf(what, sizeof(what), "The heap of %s, only to be read.", target.name);
    code = explore(&platform, what, interactive);
    target_close(&target);
    return code;
}

int explore_run(int argc, char **argv) {
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 2 || (argc > 1 && argv[1][0] == '-')) {
        fprintf(stderr,
                "heapalloc explore: there is no %s `%s`; it takes a process or a core file, or nothing, and a script "
                "from standard input\n",
                argv[argc - 1][0] == '-' ? "option" : "second argument", argv[argc - 1]);
        return 2;
    }
    bool interactive = isatty(STDIN_FILENO);
    if (argc > 1) return explore_target(argv[1], interactive);
    struct shell_platform platform = own_platform;
    return explore(&platform, "A private heap to explore.", interactive);
}
