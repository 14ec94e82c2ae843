/* What the small heap's tests share. They are KTESTs: host.c runs them in a process, machine.c in
 * the bare machine. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "check.h"
#include "ktest.h"
#include "small.h"
#include <heapalloc/heap.h>

/* 0: check.c is not there, as in the smallest build; contents and the largest block are looked at
 * alone. */
#ifndef SMALL_CHECKED
#define SMALL_CHECKED 1
#endif

enum { config_checked = SMALL_CHECKED, RAM_BYTES = 200000 };

extern char ram[RAM_BYTES], more[RAM_BYTES]; /* the heap's first region, and one to add */

void begin(void); /* sees to it that there is a heap: the first line of a test */
