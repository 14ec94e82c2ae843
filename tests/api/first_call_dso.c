/* A library whose constructor runs before main and calls the program, which then allocates for the
 * first time. */
/* SPDX-License-Identifier: MIT */
#include "first_call_dso.h"
#include <stddef.h>

__attribute__((constructor)) static void in_library(int argc, char **argv, char **envp) {
    (void)envp;
    if (first_call_in_library != NULL) first_call_in_library(argc, argv);
}
