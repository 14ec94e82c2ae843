/* Reads the options when the library is loaded, for programs that never allocate: HEAPALLOC=help works in `true`, too.
 *
 * What the loader calls first lies in the pages that it has just read the library's headers from, so that a process
 * without the variable pays no page and no fault for it (decision 289). It reads no constant, which would lie
 * elsewhere.
 */
/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include <features.h>
#include <stdbool.h>
#include <stdlib.h>

/* musl's loader passes no arguments; in a static program the section .init is the body of another function. */
#if defined __GLIBC__ && !defined HEAPALLOC_STATIC

/* The first allocation of a process reads the options. */
static COLD void options_ask(void) {
    void *volatile first = malloc(1);
    free(first);
}

__attribute__((section(".init"), visibility("hidden"))) void start_init(int count, char **words, char **variables) {
    (void)count, (void)words;
    for (; variables && *variables; variables++) {
        const char *name = *variables;
        if (name[0] == 'H' && name[1] == 'E' && name[2] == 'A' && name[3] == 'P' && name[4] == 'A' && name[5] == 'L' &&
            name[6] == 'L' && name[7] == 'O' && name[8] == 'C' && name[9] == '=')
            return options_ask();
    }
}

#endif
