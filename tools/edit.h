/* Line editing, history and completion by libedit; a build without it answers false to edit_open().
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/shell.h"

bool edit_open(const struct shell *shell, const char *prompt);
const char *edit_read(void); /* NULL: there are no more lines */
void edit_close(void);
