/* Line editing, history and completion by libedit. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "edit.h"
#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

enum { HISTORY_LINES = 500 };

static const struct shell *shell;
static const char *prompt_text;
static EditLine *editor;
static History *history_lines;
static char line[SHELL_LINE_MAX * 4];

static char *prompt(EditLine *el) {
    (void)el;
    return (char *)(uintptr_t)prompt_text;
}

/* Ctrl-C abandons the line. It is unblocked only while we wait for a letter: at any other time it would go unnoticed,
 * or come in the middle of an edit. */
static volatile sig_atomic_t interrupted;
static sigset_t outside; /* signals blocked while no line is edited */

static void on_interrupt(int number) {
    (void)number;
    interrupted = 1;
}

static int next_letter(EditLine *el, wchar_t *letter) {
    unsigned char byte;
    fd_set in;
    (void)el;
    FD_ZERO(&in);
    FD_SET(STDIN_FILENO, &in);
    while (!interrupted && pselect(STDIN_FILENO + 1, &in, NULL, NULL, NULL, &outside) < 0 && errno == EINTR) {
    }
    if (interrupted || read(STDIN_FILENO, &byte, 1) != 1) return interrupted ? -1 : 0;
    *letter = byte < 0x80 ? byte : '?';
    return 1;
}

/* Tab: completes the only command that begins so. */
static unsigned char complete(EditLine *el, int letter) {
    (void)letter;
    const LineInfo *info = el_line(el);
    size_t length = (size_t)(info->cursor - info->buffer);
    const char *match = NULL, *name;
    for (uint32_t i = 0; (name = shell_command_name(shell, i)); i++) {
        if (strncmp(name, info->buffer, length) != 0) continue;
        if (match) return CC_ERROR;
        match = name;
    }
    if (!match || el_insertstr(el, match + length) < 0 || el_insertstr(el, " ") < 0) return CC_ERROR;
    return CC_REFRESH;
}

bool edit_open(const struct shell *of, const char *text) {
    HistEvent event;
    shell = of;
    prompt_text = text;
    editor = el_init("heapalloc", stdin, stdout, stderr);
    if (!editor) return false;
    history_lines = history_init();
    if (history_lines) {
        history(history_lines, &event, H_SETSIZE, HISTORY_LINES);
        history(history_lines, &event, H_SETUNIQUE, 1);
        el_set(editor, EL_HIST, history, history_lines);
    }
    el_set(editor, EL_PROMPT, prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_ADDFN, "complete", "Complete a command", complete);
    el_set(editor, EL_BIND, "^I", "complete", NULL);
    el_set(editor, EL_GETCFN, next_letter);
    el_source(editor, NULL); /* ~/.editrc: the user's own settings */
    return true;
}

static const char *read_line(int *length) {
    for (;;) {
        interrupted = 0;
        const char *got = el_gets(editor, length);
        if (got || !interrupted) return got;
        putchar('\n');
        el_reset(editor);
    }
}

const char *edit_read(void) {
    struct sigaction ours = {.sa_handler = on_interrupt}, theirs;
    sigset_t interrupt;
    int length = 0;
    HistEvent event;
    sigemptyset(&ours.sa_mask);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &outside);
    sigaction(SIGINT, &ours, &theirs);
    const char *got = read_line(&length);
    sigaction(SIGINT, &theirs, NULL);
    sigprocmask(SIG_SETMASK, &outside, NULL);
    if (!got || length <= 0) {
        putchar('\n');
        return NULL;
    }
    snprintf(line, sizeof(line), "%s", got);
    line[strcspn(line, "\n")] = 0;
    if (line[0] && history_lines) history(history_lines, &event, H_ENTER, line);
    return line;
}

void edit_close(void) {
    if (history_lines) history_end(history_lines);
    el_end(editor);
}
