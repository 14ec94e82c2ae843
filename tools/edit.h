/* Line editing, history and completion by libedit; in a build without it edit_open() returns false.
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "shell/shell.h"

bool edit_open(const struct shell *shell, const char *prompt);
const char *edit_read(void); /* NULL: there are no more lines */
void edit_close(void);
