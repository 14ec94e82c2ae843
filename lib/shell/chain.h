/* One list of free blocks, as the shell prints it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "shell/parts.h"

/* One list as it is printed. A list that is longer than `most` has a loop. */
struct shell_chain {
    struct shell *shell;
    uint32_t length, most;
    bool broken;
};

struct shell_chain shell_chain_begin(struct shell *shell, uint32_t most);

/* False: the list is damaged here. The first entries are shown in full. */
bool shell_chain_add(struct shell_chain *chain, const void *memory, size_t bytes);
void shell_chain_end(struct shell_chain *chain);
