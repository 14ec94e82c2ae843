/* The commands that run a program and report who allocated. argv[0] is the command's name. */
/* SPDX-License-Identifier: MIT */
#pragma once

int profile_run(int argc, char **argv);
int leaks_run(int argc, char **argv);
