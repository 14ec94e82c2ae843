/* `heapalloc report`: a page about heap profiles, and about the heap of a process or core file. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "target.h"

int report_run(int argc, char **argv);

/* Write a page about a heap to a file. False: a sentence was printed to stderr. */
bool report_heap_page(struct target *target, const char *path);
