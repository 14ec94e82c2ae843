/* What a process says about its heap when it exits: only when asked, see the option `stats`. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Have it said at exit. Keeps a duplicate of stderr, which many programs close before. */
void exit_stats_ask(void);
