/* A build without libedit: lines are read as the terminal delivers them. */
/* SPDX-License-Identifier: MIT */
#include "edit.h"
#include <stddef.h>

bool edit_open(const struct shell *shell, const char *prompt) {
    (void)shell, (void)prompt;
    return false;
}

const char *edit_read(void) {
    return NULL;
}

void edit_close(void) {
}
