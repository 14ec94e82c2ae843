/* Reports a process's heap when it exits: the options `stats`, `leaks`, `metrics` and `profile`. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Register the report at exit. It keeps a duplicate of stderr, because many programs close theirs before they exit. */
void exit_stats_ask(void);

/* Allocate what may be libc's list of exit handlers, which is locked meanwhile: an exit handler that the options ask
 * for in this call is registered later. The event is not handled before this call ends. */
void *exit_stats_after(void *allocate(size_t bytes), size_t bytes);

/* Open where `stats` directs reports: a duplicate of stderr, or a file; -1: it is closed, or cannot be opened. */
int exit_stats_open(void);
void exit_stats_close(int file);
bool exit_stats_are_json(void);
