/* The console's shell: lib/'s explorer over the machine's heap, with some commands about the
 * machine. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

uint64_t monitor_run(void); /* reads commands until `exit`; returns the machine's exit code */

/* Called when the heap stops or an access faults: if that was in a step of this core's shell, go back to it with the
 * sentence; otherwise return. */
void monitor_catch(const char *sentence);
