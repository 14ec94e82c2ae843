/* Where the explorer's lines come from. */
/* SPDX-License-Identifier: MIT */
#include "lines.h"
#include "edit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prompt[] = "heap> ";

static bool is_interactive, is_edited;
static char *line;
static size_t line_bytes;

void lines_open(const struct shell *shell, const char *what, bool interactive) {
    is_interactive = interactive;
    is_edited = interactive && edit_open(shell, prompt);
    if (interactive) printf("%s `help` lists the commands, `exit` or Ctrl-D leaves.\n", what);
}

/* A script's line is echoed as if it had been typed, so the output reads like a session. */
static const char *read_plain(void) {
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t length = getline(&line, &line_bytes, stdin);
    if (length < 0) {
        putchar('\n');
        return NULL;
    }
    if (length > 0 && line[length - 1] == '\n') line[--length] = 0;
    for (ssize_t i = 0; i < length; i++)
        if (line[i] == 0) line[i] = '?';
    if (!is_interactive) puts(line);
    return line;
}

const char *lines_read(void) {
    return is_edited ? edit_read() : read_plain();
}

void lines_close(void) {
    if (is_edited) edit_close();
    free(line);
    line = NULL;
}
