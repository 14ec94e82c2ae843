/* The commands that read the heap of another process, or of a core file. argv[0] is the command's name. */
/* SPDX-License-Identifier: MIT */
#pragma once

int stats_run(int argc, char **argv);
int walk_run(int argc, char **argv);
int top_run(int argc, char **argv);
int compare_run(int argc, char **argv);
