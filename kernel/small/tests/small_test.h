/* Shared by the small heap's tests. They are KTESTs: host.c runs them in a process, machine.c on the bare machine. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "ktest.h"
#include "small.h"
#include "small_check.h"
#include <heapalloc/heap.h>

/* 0: small_check.c is left out, as in the smallest build; only contents and the largest block are checked. */
#ifndef SMALL_CHECKED
#define SMALL_CHECKED 1
#endif

enum { config_checked = SMALL_CHECKED, RAM_BYTES = 200000 };

extern char ram[RAM_BYTES], more[RAM_BYTES]; /* the heap's first region, and one to add */

void begin(void); /* makes sure that there is a heap: the first line of a test */
