/* `heapalloc run`: a program under heapalloc. */
/* SPDX-License-Identifier: MIT */
#pragma once

int run_run(int argc, char **argv);
