/* Starts the library's own threads, which only processes that ask for one have. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

typedef void *helper_function(void *argument);

/* Start a detached thread with all signals blocked, so that the program's threads get them. No lock of the core may be
 * held. False: it cannot be started. */
bool helper_start(helper_function *run, void *argument);
