/* One list of free blocks, as the shell prints it. */
/* SPDX-License-Identifier: MIT */
#include "shell/chain.h"

enum { SHOWN_MAX = 6 };

struct shell_chain shell_chain_begin(struct shell *shell, uint32_t most) {
    return (struct shell_chain){shell, 0, most, false};
}

bool shell_chain_add(struct shell_chain *chain, const void *memory, size_t bytes) {
    chain->broken = !memory || chain->length == chain->most;
    if (chain->broken) return false;
    if (chain->length++ >= SHOWN_MAX) return true;
    struct shell_label label = shell_label(chain->shell, memory);
    shell_say(chain->shell, chain->length > 1 ? " -> %p" : " %p", (void *)(uintptr_t)memory);
    if (label.text[0]) shell_say(chain->shell, " %s", label.text);
    if (bytes > 0) shell_say(chain->shell, " [%zu]", bytes);
    return true;
}

void shell_chain_end(struct shell_chain *chain) {
    struct shell *shell = chain->shell;
    if (chain->length > SHOWN_MAX) shell_say(shell, " -> %u more", chain->length - SHOWN_MAX);
    if (chain->broken)
        shell_fail(shell, " -> damaged; `check` tells more\n");
    else
        shell_say(shell, chain->length == 0 ? " empty\n" : " -> end\n");
}
