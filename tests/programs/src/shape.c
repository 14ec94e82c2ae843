/* A library with the segments of an allocator but no code: it costs ld.so as much as a real one.
 *
 * Text, constants, relocated constants, data, zeroed data of more than a page and a thread-local
 * pointer make the dynamic linker open, map, protect and close as it does for the real library;
 * the system calls beyond these are the allocator's own. */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>

int shape_text(void);

int shape_text(void) {
    return 1;
}

const char shape_constants[64] = {1};
int (*const shape_relocated[8])(void) = {shape_text, shape_text};
long shape_data[64] = {1};
char shape_zeroed[3 * 4096];
__thread void *shape_thread_local __attribute__((tls_model("initial-exec")));
