/* The commands that look at another process's heap, or at a core file's. argv[0] is the command's name. */
/* SPDX-License-Identifier: MIT */
#pragma once

int stats_run(int argc, char **argv);
int walk_run(int argc, char **argv);
int top_run(int argc, char **argv);
int compare_run(int argc, char **argv);
