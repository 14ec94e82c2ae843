/* The machine's own commands on the console: memory, cores, peek, poke. */
#pragma once
#include <stdint.h>

uint64_t monitor_run(void); /* reads commands until `exit`; returns its argument, or 0 */
