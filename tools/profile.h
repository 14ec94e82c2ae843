/* `heapalloc profile`: a program under the profiler. argv[0] is the command's name. */
/* SPDX-License-Identifier: MIT */
#pragma once

int profile_run(int argc, char **argv);
