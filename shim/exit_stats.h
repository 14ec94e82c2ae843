/* What a process says about its heap when it exits: only when asked, see the option `stats`. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* Have it said at exit. Keeps a duplicate of stderr, which many programs close before. */
void exit_stats_ask(void);

/* Where statistics go, as the option says: a duplicate of stderr, or a file; -1: nowhere, which was said. */
int exit_stats_open(void);
void exit_stats_close(int file);
bool exit_stats_are_json(void);
