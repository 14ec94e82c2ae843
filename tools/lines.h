/* Where the explorer's lines come from: a terminal with editing and history, or a script. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "shell/shell.h"

/* interactive: standard input is a terminal, which is first told `what` there is to explore. */
void lines_open(const struct shell *shell, const char *what, bool interactive);
const char *lines_read(void); /* NULL: there are no more */
void lines_close(void);
